'use strict'

// Other platforms have the same calls with other manners: callbacks, promises,
// or both. Each shape goes through one story, faults included.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const { alive, endElsewhere, failsWith, useServer } = require('./support/world.js')
const { runModule } = require('./support/runtime.js')

const world = useServer()
const me = { url: '/api/me' }
const calls = ['login', 'request', 'uploadFile', 'downloadFile', 'checkSession']

// A platform whose asynchronous calls are made by make(wx's call, options).
function shaped(wx, make) {
  const platform = Object.assign({}, wx)
  for (const name of calls) platform[name] = options => make(wx[name], options || {})
  return platform
}

// Starts a call with callbacks that settle a promise, and gives both.
function promised(call, options) {
  let task
  const promise = new Promise((resolve, reject) => {
    task = call(Object.assign({}, options, { success: resolve, fail: reject }))
  })
  return { promise, task }
}

const hasCallback = options => options.success || options.fail || options.complete

const shapes = {
  // A promise if there is no callback, else the task.
  'uni-app on Vue 3': wx => shaped(wx, (call, options) => hasCallback(options) ? call(options) : promised(call, options).promise),

  // The same with [error, result].
  'uni-app on Vue 2': wx => shaped(wx, (call, options) => hasCallback(options) ? call(options)
    : promised(call, options).promise.then(res => [null, res], err => [err, undefined])),

  // Always a promise that may reject, with abort, and the callbacks as well.
  Taro: wx => shaped(wx, (call, options) => {
    const { promise, task } = promised(call, options)
    const given = promise.then(
      res => { if (options.success) options.success(res); return res },
      err => { if (options.fail) options.fail(err); throw err })
    given.abort = () => { if (task) task.abort() }
    return given
  }),

  // A promise and no callback at all.
  'promises only': wx => shaped(wx, (call, options) => promised(call, options).promise),

  // Async functions that call back, and resolve with nothing before that.
  'async functions with callbacks': wx => shaped(wx, async (call, options) => { call(options) }),

  // Calls that need their object.
  'a class': wx => {
    class Platform {
      constructor() { this.wx = wx }
      getStorageSync(key) { return this.wx.getStorageSync(key) }
      setStorageSync(key, value) { this.wx.setStorageSync(key, value) }
      removeStorageSync(key) { this.wx.removeStorageSync(key) }
      getDeviceInfo() { return this.wx.getDeviceInfo() }
    }
    for (const name of calls) Platform.prototype[name] = function (options) { return this.wx[name](options) }
    return new Platform()
  },

  // An HTTP status that is text, and headers in lists.
  'statuses as text': wx => shaped(wx, (call, options) => call(Object.assign({}, options, {
    success: res => options.success(res.statusCode ? Object.assign({}, res, { statusCode: String(res.statusCode) }) : res)
  })))
}

for (const [name, shape] of Object.entries(shapes)) {
  test(name + ': login, requests, cures, files, failures', async () => {
    const app = world.open({ wrap: shape, manual: true })
    const { session } = app
    const res = await Promise.all([1, 2, 3].map(() => session.request(me)))
    assert.equal(res[0].statusCode, 200)
    assert.equal(app.seen.logins, 1)

    await endElsewhere(world.server.url, app.user)
    assert.equal((await session.upload({ url: '/files', filePath: __filename, name: 'file' })).statusCode, 201)
    assert.equal((await session.download({ url: '/files/latest' })).statusCode, 200)
    assert.equal(app.seen.logins, 2)
    assert.equal(await session.check({ deep: true }), true)
    assert.equal(app.seen.checks, 1)
    app.faults.checkSession = options => options.fail({ errMsg: 'checkSession:fail' })
    assert.equal(await session.check({ deep: true }), false)

    world.proxy.fault('GET /api/me', { drop: true })
    assert.equal((await session.request(me)).statusCode, 200)
    world.proxy.fault('POST /api/x', { drop: true })
    await failsWith(session.request({ url: '/api/x', method: 'POST' }), 'network', 0)
    world.proxy.fault('POST /api/x', { hang: true })
    const hanging = failsWith(session.request({ url: '/api/x', method: 'POST' }), 'timeout', 0)
    await app.clock.fire(10000)
    await hanging
    world.proxy.fault('GET /api/me', { status: 503, header: { 'retry-after': '2' }, body: { error: 'store_unavailable' } })
    const busy = session.request(me)
    await app.clock.fire(2000, 2500)
    await busy

    const pending = failsWith(session.request(me), 'no_session')
    const { token } = app.session
    await session.logout()
    await pending
    assert.equal(await alive(world.server.url, token), false)
    app.faults.login = options => options.fail({ errMsg: 'login:fail' })
    await failsWith(session.request(me), 'login_failed')
  })
}

test("Alipay's my, by the adapter of the README", async t => {
  const readme = fs.readFileSync(path.join(__dirname, '..', 'README.md'), 'utf8')
  const block = /```js\n(\/\/ alipay\.js[^]*?)```/.exec(readme)[1]
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'alipay-'))
  t.after(() => fs.rmSync(work, { recursive: true }))
  const file = path.join(work, 'alipay.js')
  fs.writeFileSync(file, block)
  const stored = new Map()
  // As Alipay has them: other names, one object for storage, and a failure for
  // every status that is no success.
  const my = wx => ({
    getAuthCode: o => wx.login({ success: res => o.success({ authCode: res.code }), fail: o.fail }),
    request: o => wx.request(Object.assign({}, o, {
      header: o.headers,
      success: ({ statusCode: status, header: headers, data }) => status < 300 ? o.success({ status, headers, data }) : o.fail({ error: 19, status, headers, data })
    })),
    uploadFile: o => wx.uploadFile(Object.assign({}, o, { name: o.fileName })),
    downloadFile: o => wx.downloadFile(o),
    getStorageSync: ({ key }) => ({ data: stored.get(key) || null }),
    setStorageSync: ({ key, data }) => { stored.set(key, data) },
    removeStorageSync: ({ key }) => { stored.delete(key) }
  })
  const app = world.open({ wrap: wx => runModule(file, { my: my(wx) }) })
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.equal(stored.get('wxsession').token, app.session.token)
  await endElsewhere(world.server.url, app.user)
  assert.equal((await app.session.request({ url: '/nowhere' })).statusCode, 404)
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.equal(app.seen.logins, 2)
  world.proxy.fault('POST /api/x', { drop: true })
  await failsWith(app.session.request({ url: '/api/x', method: 'POST' }), 'network')
  assert.equal((await app.session.upload({ url: '/files', filePath: __filename, name: 'file' })).statusCode, 201)
  await app.session.logout()
  assert.equal(stored.size, 0)
})
