const { errorText, lifeText } = require('../../utils/text')
const { session } = getApp()

Page({
  data: { me: null, initial: '', life: '', nickname: '', note: '', busy: '' },

  off() {}, // takes the listener off

  onLoad() {
    this.off = session.on('logout', () => this.setData({ me: null, nickname: '' }))
    this.load()
  },

  onUnload() {
    this.off()
  },

  onPullDownRefresh() {
    this.load().then(() => wx.stopPullDownRefresh())
  },

  // Nothing here logs in: the first request does.
  load() {
    return this.doing('load', () => Promise.all([
      session.request({ url: '/api/me' }),
      session.request({ url: '/api/attrs/nickname', dataType: 'text' })
    ]).then(([me, nickname]) => {
      if (me.statusCode !== 200) return Promise.reject({ code: 'status ' + me.statusCode })
      return session.login().then(figures => this.show(me.data, nickname, figures))
    }))
  },

  show(me, nickname, figures) {
    const name = nickname.statusCode === 200 ? nickname.data : ''
    this.setData({ me, nickname: name, initial: (name || '微').slice(0, 1), life: lifeText(figures.expiresIn) })
  },

  saveNickname(event) {
    const nickname = event.detail.value.trim()
    if (nickname === this.data.nickname) return
    this.doing('nickname', () => session.request({
      url: '/api/attrs/nickname', method: 'PUT', data: nickname, header: { 'content-type': 'text/plain' }
    }).then(res => {
      if (res.statusCode !== 204) return Promise.reject({ code: 'status ' + res.statusCode })
      this.setData({ nickname, initial: (nickname || '微').slice(0, 1) })
      return wx.showToast({ title: '已保存', icon: 'success' })
    }))
  },

  check() {
    this.doing('check', () => session.check({ deep: true }).then(valid => {
      wx.showToast({ title: valid ? '会话有效' : '需要重新登录', icon: 'none' })
    }))
  },

  relogin() {
    this.doing('login', () => session.login({ force: true }).then(() => this.load()))
  },

  rotate() {
    this.doing('rotate', () => session.rotate().then(() => wx.showToast({ title: 'token 已更换', icon: 'none' })))
  },

  logout() {
    this.doing('logout', () => session.logout().then(() => wx.showToast({ title: '已退出', icon: 'none' })))
  },

  // A code of this mini program brings its page's path along.
  scan() {
    wx.scanCode({
      success: res => {
        if (/^pages\/scan\/scan\?/.test(res.path || '')) wx.navigateTo({ url: '/' + res.path })
        else wx.showToast({ title: '这不是登录用的小程序码', icon: 'none' })
      }
    })
  },

  // Runs one thing at a time and says what went wrong with it.
  doing(busy, work) {
    this.setData({ busy, note: '' })
    return work().catch(err => this.setData({ note: errorText(err) })).then(() => this.setData({ busy: '' }))
  }
})
