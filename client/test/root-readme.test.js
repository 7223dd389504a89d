'use strict'

// The lines for the mini program in the repository's README, as they stand there,
// against the real server.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { useServer } = require('./support/world.js')

const world = useServer()

for (const name of ['README.md', 'README.zh-CN.md']) {
  test('the lines in ' + name + ' log in and call the API', async () => {
    const text = fs.readFileSync(path.join(__dirname, '..', '..', name), 'utf8')
    const [app, page] = [...text.matchAll(/^```js\n([^]*?)^```/gm)].map(m => m[1])
    const { createSession } = world.open({ user: 'alice' })
    const shown = {}
    const ended = new Promise((resolve, reject) => {
      const require = file => {
        assert.equal(file, './utils/wxsession')
        return { createSession: options => createSession(Object.assign({}, options, { baseUrl: world.server.url })) }
      }
      const wx = { showToast: ({ title }) => reject(new Error(title)) }
      const setData = data => resolve(Object.assign(shown, data))
      let application = null
      new Function('require', 'App', app)(require, options => { application = options })
      new Function('getApp', 'Page', 'wx', page)(() => application, options => Object.assign(options, { setData }).onLoad(), wx)
    })
    await ended
    assert.match(shown.openid, /^o.{27}$/)
  })
}
