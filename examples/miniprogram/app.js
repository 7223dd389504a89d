const { createSession } = require('./utils/wxsession')
const { simulated } = require('./utils/simulated')
const config = require('./config')

App({
  // One session for all pages. It logs in with the first request.
  session: createSession({
    baseUrl: config.baseUrl,
    platform: config.simulatedUser ? simulated(config) : wx
  })
})
