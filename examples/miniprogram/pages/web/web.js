const { errorText } = require('../../utils/text')
const config = require('../../config')
const { session } = getApp()

Page({
  data: { url: '', note: '' },

  // The ticket is good for a minute and once, so each visit asks for one.
  onLoad() {
    this.open()
  },

  open() {
    this.setData({ url: '', note: '' })
    return session.ticket(config.webPath).then(
      url => this.setData({ url }),
      err => this.setData({ note: err.code === 'bad_reply' ? '服务器没有开启网页登录（WX_COOKIE）' : errorText(err) }))
  },

  onError() {
    this.setData({ url: '', note: '网页打不开，请检查业务域名' })
  }
})
