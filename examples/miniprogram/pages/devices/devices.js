const { errorText, dateText } = require('../../utils/text')
const { session } = getApp()

Page({
  data: { devices: [], loaded: false, note: '' },

  onShow() {
    this.load()
  },

  onPullDownRefresh() {
    this.load().then(() => wx.stopPullDownRefresh())
  },

  load() {
    return session.sessions().then(list => {
      const now = Date.now()
      this.setData({
        loaded: true,
        note: '',
        devices: list.sort((a, b) => Number(b.current) - Number(a.current) || b.lastSeen.getTime() - a.lastSeen.getTime()).map(d => ({
          id: d.id,
          name: d.device || '未命名的设备',
          current: d.current,
          seen: dateText(d.lastSeen, now),
          since: dateText(d.createdAt, now)
        }))
      })
    }).catch(err => this.setData({ note: errorText(err) }))
  },

  revoke(event) {
    const { id, name } = event.currentTarget.dataset
    wx.showModal({
      title: '让这台设备下线？',
      content: name + ' 需要重新登录才能继续使用。',
      confirmText: '下线',
      confirmColor: '#b92b2b',
      success: res => { if (res.confirm) this.end(id) }
    })
  },

  // One that has ended meanwhile is as good as revoked.
  end(id) {
    return session.revoke(id).catch(err => {
      if (err.code !== 'not_found') throw err
    }).then(() => this.load(), err => this.setData({ note: errorText(err) }))
  },

  logoutAll() {
    wx.showModal({
      title: '所有设备都退出？',
      content: '包括这一台。',
      confirmText: '全部退出',
      confirmColor: '#b92b2b',
      success: res => { if (res.confirm) this.endAll() }
    })
  },

  endAll() {
    return session.logout({ all: true }).then(
      () => wx.reLaunch({ url: '/pages/profile/profile' }),
      err => this.setData({ note: errorText(err) }))
  }
})
