'use strict'

// A browser and a server for the tests of one file.

const { after, before } = require('node:test')
const { startBrowser } = require('./browser.js')
const { startServer } = require('./server.js')

function suite(variables, name) {
  const has = {}
  before(async () => {
    has.browser = await startBrowser()
    has.server = await startServer(variables, name)
  })
  after(async () => {
    if (has.browser) await has.browser.close()
    if (has.server) await has.server.stop()
  })
  return has
}

module.exports = { suite }
