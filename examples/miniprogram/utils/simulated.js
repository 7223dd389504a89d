// Without an appid DevTools gives a mock code, which no server takes. The
// example server simulates WeChat, and gives codes that it takes: this is wx
// with its codes.

function codeOf(config, tool) {
  return new Promise((resolve, reject) => wx.request({
    url: config.baseUrl + '/devtools/' + tool + '?user=' + encodeURIComponent(config.simulatedUser),
    success: res => {
      const { code } = Object(res.data)
      if (code) resolve(code)
      else reject({ errMsg: 'the server does not simulate WeChat' })
    },
    fail: reject
  }))
}

function simulated(config) {
  return {
    login(options) {
      codeOf(config, 'code').then(code => options.success({ code }), options.fail)
    },
    request: options => wx.request(options),
    uploadFile: options => wx.uploadFile(options),
    downloadFile: options => wx.downloadFile(options),
    checkSession: options => options.success(),
    getDeviceInfo: () => wx.getDeviceInfo(),
    getStorageSync: key => wx.getStorageSync(key),
    setStorageSync: (key, data) => wx.setStorageSync(key, data),
    removeStorageSync: key => wx.removeStorageSync(key)
  }
}

// The code that the getPhoneNumber button would give.
function phoneCode(config) {
  return codeOf(config, 'phonecode')
}

module.exports = { simulated, phoneCode }
