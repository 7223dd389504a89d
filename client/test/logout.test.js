'use strict'

// Promise 7: after logout() what is pending throws no_session, an answer that
// is on its way included, and what begins afterwards logs in anew.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { inspect } = require('node:util')
const { alive, failsWith, failureOf, useServer } = require('./support/world.js')
const { until } = require('./support/runtime.js')

const world = useServer()
const me = { url: '/api/me' }

test('logout ends the session at the server and forgets the token', async () => {
  const app = world.open()
  await app.session.login()
  const { token } = app.session
  assert.equal(await app.session.logout(), undefined)
  assert.equal(app.session.token, '')
  assert.equal(app.storage.size, 0)
  assert.equal(await alive(world.server.url, token), false)
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.equal(app.seen.logins, 2)
})

test('the token is forgotten before the server is asked', async () => {
  const app = world.open()
  await app.session.login()
  const logout = app.session.logout()
  assert.equal(app.session.token, '')
  assert.equal(app.storage.size, 0)
  await logout
})

test('logout without all leaves the other devices, all ends them', async () => {
  const one = world.open()
  const other = world.open({ user: one.user })
  const third = world.open({ user: one.user })
  await Promise.all([one.session.login(), other.session.login(), third.session.login()])
  const token = other.session.token
  await one.session.logout({ all: false })
  assert.equal(await alive(world.server.url, token), true)
  await third.session.logout({ all: true })
  assert.equal(await alive(world.server.url, token), false)
})

for (const [name, fault, code] of [
  ['breaks', { drop: true }, 'network'],
  ['loses the answer', { lose: true }, 'network'],
  ['answers garbage', { status: 200, body: '<html>captive portal</html>' }, 'bad_reply'],
  ['answers 500', { status: 500, body: { error: 'misconfigured' } }, 'misconfigured'],
  ['answers 502', { status: 502, body: 'bad gateway' }, 'bad_reply'],
  ['answers a 401 that is not ours', { status: 401, body: 'proxy login' }, 'bad_reply']
]) {
  test('the token is forgotten even if the server ' + name + '; then logout throws', async () => {
    const app = world.open()
    await app.session.login()
    world.proxy.fault('POST /wx/logout', fault)
    await failsWith(app.session.logout(), code)
    assert.equal(app.session.token, '')
    assert.equal(app.storage.size, 0)
    assert.equal(world.proxy.count('POST /wx/logout'), 1)
    assert.equal(app.seen.logins, 1)
  })
}

test('a busy server is asked again', async () => {
  const app = world.open({ manual: true })
  await app.session.login()
  const { token } = app.session
  world.proxy.fault('POST /wx/logout', { status: 503, header: { 'retry-after': '2' }, body: { error: 'store_unavailable' } })
  const logout = app.session.logout()
  await app.clock.fire(2000, 2500)
  await logout
  assert.equal(await alive(world.server.url, token), false)
})

test('a token that is dead already is logged out, without a login', async () => {
  const app = world.open()
  await app.session.login()
  world.proxy.fault('POST /wx/logout', { status: 401, body: { error: 'invalid_session' } })
  await app.session.logout()
  assert.equal(app.seen.logins, 1)
})

test('without a token there is nothing to tell the server', async () => {
  const app = world.open()
  await app.session.logout()
  await failsWith(app.session.logout({ all: true }), 'no_session')
  assert.equal(world.proxy.log.length, 0)
  assert.equal(app.seen.logins, 0)
})

test('logout knows the token that another instance stored', async () => {
  const one = world.open()
  const other = world.open({ user: one.user, storage: one.storage })
  await one.session.login()
  await other.session.logout()
  assert.equal(await alive(world.server.url, one.session.token), false)
})

test('two logouts at once are one', async () => {
  const app = world.open()
  await app.session.login()
  await Promise.all([app.session.logout(), app.session.logout()])
  assert.equal(world.proxy.count('POST /wx/logout'), 1)
})

test('requests under way throw no_session, and their answers come to nothing', async () => {
  const app = world.open()
  await app.session.login()
  const held = world.proxy.hold('GET /api/me')
  const pending = [app.session.request(me), app.session.request({ url: '/api/attrs/x' }), app.session.sessions(), app.session.check(), app.session.rotate()]
    .map(call => failsWith(call, 'no_session'))
  await held.arrived
  const logout = app.session.logout()
  await Promise.all(pending) // before any answer
  held.release()
  await logout
  assert.equal(app.session.token, '')
})

test('an answer that is on its way throws no_session too', async () => {
  // The platform has the answer, and gives it in the moment of the logout.
  let answer
  const app = world.open({
    wrap: wx => Object.assign({}, wx, {
      request: options => options.url.endsWith('/api/me') ? wx.request({ ...options, success: res => { answer = () => options.success(res) } }) : wx.request(options)
    })
  })
  await app.session.login()
  let overtaken = 0
  for (let ticks = 0; ticks < 20; ticks++) {
    answer = null
    const request = app.session.request(me)
    const outcome = request.then(() => 'resolved', err => err.code)
    await until(() => answer)
    answer()
    for (let i = 0; i < ticks; i++) await null
    const pending = inspect(request).includes('<pending>')
    const logout = app.session.logout()
    assert.equal(await outcome, pending ? 'no_session' : 'resolved', 'after ' + ticks + ' ticks')
    overtaken += pending
    await logout
    await app.session.login()
  }
  assert.ok(overtaken > 3 && overtaken < 20, 'both were seen')
})

test('a wait for the next try ends with the logout', async () => {
  const app = world.open({ manual: true })
  await app.session.login()
  world.proxy.fault('GET /api/me', { status: 503, header: { 'retry-after': '20' }, body: { error: 'store_unavailable' } })
  const pending = failsWith(app.session.request(me), 'no_session')
  await until(() => app.clock.set.some(ms => ms >= 20000))
  await app.session.logout()
  await pending
  assert.equal(app.clock.pending.size, 0)
})

test('a login under way ends with the logout, and its token is never taken', async () => {
  const app = world.open()
  const held = world.proxy.hold('POST /wx/login')
  const pending = [app.session.login(), app.session.request(me), app.session.login({ force: true })].map(call => failsWith(call, 'no_session'))
  await held.arrived
  await app.session.logout()
  await Promise.all(pending)
  held.release()
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.equal(app.session.token, '')
  assert.equal(app.storage.size, 0)
})

test('a login that is answered in the moment of the logout is not taken either', async () => {
  let answer
  const app = world.open({
    wrap: wx => Object.assign({}, wx, {
      request: options => wx.request(options.url.endsWith('/wx/login') ? { ...options, success: res => { answer = () => options.success(res) } } : options)
    })
  })
  const told = []
  app.session.on('login', () => told.push('login'))
  const login = failsWith(app.session.login(), 'no_session')
  await until(() => answer)
  answer()
  await app.session.logout()
  await login
  assert.equal(app.session.token, '')
  assert.equal(app.storage.size, 0)
  assert.deepEqual(told, [])
})

test('a refusal in the moment of the logout does not reach what begins in that moment', async () => {
  let answer
  const app = world.open({
    wrap: wx => Object.assign({}, wx, {
      request: options => wx.request(options.url.endsWith('/held') ? { ...options, success: () => { answer = () => options.success({ statusCode: 401, data: { error: 'invalid_session' } }) } } : options)
    })
  })
  await app.session.login()
  for (let n = 0; n < 64; n++) {
    const [ticks, later] = [n % 8, Math.floor(n / 8)] // before the logout, and after it
    answer = null
    const refused = failsWith(app.session.request({ url: '/held' }), 'no_session')
    await until(() => answer)
    answer()
    for (let i = 0; i < ticks; i++) await null
    const logout = app.session.logout()
    for (let i = 0; i < later; i++) await null
    assert.equal((await app.session.request(me)).statusCode, 200)
    await Promise.all([refused, logout])
  }
})

test('a wait that ends in the moment of the logout begins no wx.login', async () => {
  const app = world.open({ manual: true })
  world.proxy.fault('POST /wx/login', { status: 503, body: { error: 'store_unavailable' } })
  const login = failsWith(app.session.login(), 'no_session')
  const [id, timer] = await until(() => [...app.clock.pending].find(([, t]) => t.ms < 2000))
  app.clock.pending.delete(id)
  timer.fn()
  await app.session.logout()
  await login
  assert.equal(app.seen.logins, 1)
})

test('what begins after logout logs in anew, and does not wait for the logout', async () => {
  const app = world.open()
  await app.session.login()
  const held = world.proxy.hold('POST /wx/logout')
  const old = app.session.token
  const logout = app.session.logout()
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.notEqual(app.session.token, old)
  await held.arrived
  held.release()
  await logout
  assert.ok(await alive(world.server.url, app.session.token))
})

test('a wx.login that the logout left behind serves the next login: never two at once', async () => {
  const app = world.open()
  const asked = []
  app.faults.login = options => { asked.push(options) }
  const first = failsWith(app.session.login(), 'no_session')
  app.session.logout()
  await first
  assert.equal(app.clock.pending.size, 0)
  const second = app.session.login()
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(asked.length, 1)
  const { code } = require('./support/platform.js')
  asked[0].success({ code: await code(world.server.url, app.user) })
  await second
  assert.equal(app.seen.loginsMost, 1)
})

test('a later logout does not end the first one, nor what began after both', async () => {
  const app = world.open()
  await app.session.login()
  const held = world.proxy.hold('POST /wx/logout')
  const first = app.session.logout()
  await app.session.login()
  await app.session.logout()
  const request = app.session.request(me)
  held.release()
  await first
  assert.equal((await request).statusCode, 200)
})

test('logging out inside a listener, and logging in from there', async () => {
  const app = world.open()
  const seen = []
  app.session.on('logout', () => { seen.push(app.session.login()) })
  const off = app.session.on('login', () => { off(); app.session.logout() })
  const err = await failureOf(app.session.login())
  assert.equal(err.code, 'no_session')
  await Promise.all(seen)
  assert.equal(seen.length, 1)
  assert.ok(await alive(world.server.url, app.session.token))
})
