const { errorText, dateText, browserText } = require('../../utils/text')
const { session } = getApp()

// What each end says.
const ENDS = {
  confirmed: { icon: '✓', title: '已确认', text: '网页会自动登录，可以回到电脑前了' },
  denied: { icon: '×', title: '已拒绝', text: '网页没有登录。如果不是你打开的，什么都不用做' },
  gone: { icon: '×', title: '已失效', text: '小程序码三分钟内有效，请在网页上刷新' },
  conflict: { icon: '×', title: '已处理', text: '这次登录已经有人处理过了，请在网页上刷新' },
  invalid: { icon: '×', title: '无法识别', text: '请扫描网页上的小程序码' }
}

Page({
  data: { state: 'loading', end: null, browser: '', agent: '', ip: '', time: '', note: '' },

  id: '', // of the login that the code stands for

  // WeChat escapes the scene of a mini program code.
  onLoad(query) {
    try {
      this.id = decodeURIComponent(query.scene || '')
    } catch (err) {
      this.id = ''
    }
    if (this.id) this.begin()
    else this.finish('invalid')
  },

  // Tells the website that its code was scanned, and shows what it is about.
  begin() {
    this.setData({ state: 'loading', note: '' })
    return session.scan(this.id, 'scan').then(scan => {
      if (scan.state !== 'scanned') return this.finish(scan.state)
      this.setData({
        state: 'asking',
        browser: browserText(scan.browser),
        agent: scan.browser,
        ip: scan.ip,
        time: dateText(scan.createdAt, Date.now())
      })
    }).catch(err => this.fail(err, 'failed'))
  },

  confirm() {
    return this.decide('confirm')
  },

  deny() {
    return this.decide('deny')
  },

  decide(action) {
    if (this.data.state !== 'asking') return
    this.setData({ state: 'deciding', note: '' })
    return session.scan(this.id, action).then(scan => this.finish(scan.state)).catch(err => this.fail(err, 'asking'))
  },

  // What can be tried again keeps the page as it is.
  fail(err, state) {
    if (err.code === 'not_found') return this.finish('gone')
    if (err.code === 'conflict') return this.finish('conflict')
    this.setData({ state, note: err.code === 'bad_reply' ? '服务器没有开启扫码登录（WX_SCAN_LOGIN=true）' : errorText(err) })
  },

  finish(state) {
    this.setData({ state, end: ENDS[state] || ENDS.gone, note: '' })
  }
})
