// All that has to be changed for a server of your own.
module.exports = {
  // In DevTools this is the example server: go run ./examples/gin. On a phone it
  // must be https, and a domain that is registered in the console.
  baseUrl: 'http://localhost:8080',

  // The example server simulates WeChat, and this is the user whose phone it is.
  // With a real appid in project.config.json: '', and wx.login is used.
  simulatedUser: 'alice',

  // The page that the web-view opens as this user.
  webPath: '/'
}
