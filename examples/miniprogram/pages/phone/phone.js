const { errorText } = require('../../utils/text')
const { phoneCode } = require('../../utils/simulated')
const config = require('../../config')
const { session } = getApp()

Page({
  data: { simulated: !!config.simulatedUser, number: '', country: '', busy: false, note: '' },

  // The event of the real button.
  onNumber(event) {
    const { code, errMsg } = event.detail
    if (code) return this.ask(Promise.resolve(code))
    const refused = /deny|cancel/.test(errMsg || '')
    this.setData({ note: refused ? '没有授权，手机号不会被读取' : '微信没有给出手机号，请确认小程序已认证' })
  },

  // The simulated WeChat has no button; its code comes from the server.
  onSimulated() {
    return this.ask(phoneCode(config))
  },

  ask(code) {
    this.setData({ busy: true, note: '' })
    return code.then(text => session.phone(text)).then(
      phone => this.setData({ busy: false, number: masked(phone.purePhoneNumber), country: '+' + phone.countryCode }),
      err => this.setData({ busy: false, note: err.code === 'bad_reply' ? '服务器没有开启手机号接口（WX_PHONE_ROUTE=true）' : errorText(err) }))
  }
})

// The whole number is nobody's business on a screen.
function masked(number) {
  return number.length < 7 ? number : number.slice(0, 3) + '****' + number.slice(-4)
}
