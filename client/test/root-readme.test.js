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
    const [, code] = /^```js\n([^]*?)^```/m.exec(text)
    const { createSession } = world.open({ user: 'alice' })
    const shown = []
    const ended = new Promise((resolve, reject) => {
      const wx = { showToast: ({ title }) => reject(new Error(title)) }
      const console = { log: openid => resolve(shown.push(openid)) }
      const require = file => {
        assert.equal(path.basename(file), 'wxsession')
        return { createSession: options => createSession(Object.assign({}, options, { baseUrl: world.server.url })) }
      }
      new Function('require', 'wx', 'console', code)(require, wx, console)
    })
    await ended
    assert.match(shown[0], /^o.{27}$/)
  })
}
