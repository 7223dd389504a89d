'use strict'

// Promise 4: 503 and 429 keep the token and are waited for.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { failsWith, useServer } = require('./support/world.js')

const world = useServer()
const me = { url: '/api/me' }
const busy = (error = 'store_unavailable', header) => ({
  status: error === 'rate_limited' ? 429 : 503, header, body: { error, message: 'later' }
})
const after = seconds => ({ 'Retry-After': seconds })

for (const code of ['store_unavailable', 'wechat_unavailable', 'app_unavailable', 'rate_limited']) {
  test(code + ' is waited for, with the token kept and no login', async () => {
    const app = world.open({ manual: true })
    await app.session.login()
    const { token } = app.session
    world.proxy.fault('GET /api/me', busy(code, after('2')))
    const request = app.session.request(me)
    const ms = await app.clock.fire(2000, 2500)
    assert.ok(ms >= 2000)
    assert.equal((await request).statusCode, 200)
    assert.equal(app.session.token, token)
    assert.equal(app.seen.logins, 1)
  })

  test(code + ' is thrown after two retries, with what the server said', async () => {
    const app = world.open({ manual: true })
    await app.session.login()
    const { token } = app.session
    world.proxy.fault('GET /api/me', busy(code, after('7')), 9)
    const failing = failsWith(app.session.request(me), code)
    await app.clock.fire(7000, 8750)
    await app.clock.fire(7000, 8750)
    const err = await failing
    assert.equal(err.retryAfter, 7)
    assert.equal(err.message, 'later')
    assert.equal(err.status, code === 'rate_limited' ? 429 : 503)
    assert.equal(world.proxy.count('GET /api/me'), 3)
    assert.equal(app.session.token, token)
    assert.equal(app.storage.size, 1)
    assert.equal(app.seen.logins, 1)
    world.proxy.reset()
    assert.equal((await app.session.request(me)).statusCode, 200)
  })
}

test('a POST is waited for too', async () => {
  const app = world.open({ manual: true })
  world.proxy.fault('POST /api/decrypt', busy('store_unavailable', after('1')))
  const request = app.session.request({ url: '/api/decrypt', method: 'POST', data: { encryptedData: 'x' } })
  await app.clock.fire(1000, 1250)
  assert.equal((await request).statusCode, 400)
})

test('without Retry-After the wait doubles', async () => {
  const app = world.open({ manual: true, retries: 4 })
  app.math.random = () => 0
  await app.session.login()
  world.proxy.fault('GET /api/me', busy(), 4)
  const request = app.session.request(me)
  for (const ms of [1000, 2000, 4000, 8000]) await app.clock.fire(ms)
  assert.equal((await request).statusCode, 200)
})

test('the jitter goes upward only, and with it a wait is 30 s at most', async () => {
  const app = world.open({ manual: true, retries: 20 })
  app.math.random = () => 0.9999
  await app.session.login()
  for (const [seconds, low, high] of [['1', 1001, 1250], ['20', 20001, 25000], ['29', 30000, 30000], ['30', 30000, 30000], ['3600', 30000, 30000]]) {
    world.proxy.fault('GET /api/me', busy('rate_limited', after(seconds)))
    const request = app.session.request(me)
    await app.clock.fire(low, high)
    assert.equal((await request).statusCode, 200)
  }
  app.math.random = () => 0
  world.proxy.fault('GET /api/me', busy('rate_limited', after('20')))
  const request = app.session.request(me)
  await app.clock.fire(20000)
  await request
})

test('not all clients wait for the same time', async () => {
  const app = world.open({ manual: true })
  await app.session.login()
  const seen = new Set()
  for (let i = 0; i < 5; i++) {
    world.proxy.fault('GET /api/me', busy('store_unavailable', after('4')))
    const request = app.session.request(me)
    seen.add(await app.clock.fire(4000, 5000))
    await request
  }
  assert.ok(seen.size > 1)
})

test('Retry-After may be a date, in any case of the name; nonsense counts as none', async () => {
  const app = world.open({ manual: true })
  app.math.random = () => 0
  await app.session.login()
  const in9s = new Date(Date.now() + 9000).toUTCString()
  for (const [header, low, high] of [
    [{ 'retry-after': '3' }, 3000, 3000], [{ 'RETRY-AFTER': ' 3 ' }, 3000, 3000],
    [after(in9s), 7000, 9000], [after(new Date(0).toUTCString()), 0, 0], [after('0'), 0, 0],
    [after('soon'), 1000, 1000], [after('-5'), 1000, 1000], [after('1e9'), 1000, 1000], [after(''), 1000, 1000]
  ]) {
    world.proxy.fault('GET /api/me', busy('store_unavailable', header))
    const request = app.session.request(me)
    await app.clock.fire(low, high)
    assert.equal((await request).statusCode, 200)
  }
})

test('retries: 0 throws at once', async () => {
  const app = world.open({ retries: 0 })
  world.proxy.fault('GET /api/me', busy('store_unavailable', after('2')))
  const err = await failsWith(app.session.request(me), 'store_unavailable', 503)
  assert.equal(err.retryAfter, 2)
})

test('503 and 429 that are not ours are results of the application', async () => {
  const app = world.open()
  for (const [status, body] of [[503, '<html>nginx</html>'], [503, { error: 'maintenance' }], [429, ''], [429, { error: 'store_unavailable' }], [503, { error: 'rate_limited' }]]) {
    world.proxy.fault('GET /api/me', { status, body, header: after('1') })
    assert.equal((await app.session.request(me)).statusCode, status)
  }
})

test('on session routes they are bad_reply', async () => {
  const app = world.open()
  await app.session.login()
  for (const [status, body] of [[503, '<html>nginx</html>'], [503, { error: 'maintenance' }], [429, ''], [429, { error: 'store_unavailable' }]]) {
    world.proxy.fault('GET /wx/sessions', { status, body, header: after('1') })
    const err = await failsWith(app.session.sessions(), 'bad_reply', status)
    assert.equal(err.retryAfter, 1)
  }
  assert.equal(app.seen.logins, 1)
})

for (const code of ['store_unavailable', 'wechat_unavailable', 'app_unavailable', 'rate_limited']) {
  test('a login answered ' + code + ' is tried again with a new code', async () => {
    const app = world.open({ manual: true })
    world.proxy.fault('POST /wx/login', busy(code, after('2')), 2)
    const login = app.session.login()
    await app.clock.fire(2000, 2500)
    await app.clock.fire(2000, 2500)
    await login
    const sent = world.proxy.seen('POST /wx/login').map(r => JSON.parse(r.body).code)
    assert.equal(new Set(sent).size, 3)
    assert.equal(app.seen.logins, 3)
  })
}

test('a 503 that has consumed the code does not fail the login', async () => {
  const app = world.open({ manual: true })
  // The server exchanges the code, its answer is replaced.
  const real = world.proxy.hold('POST /wx/login')
  const login = app.session.login()
  await real.arrived
  app.session.logout() // gives that one up
  real.release()
  await failsWith(login, 'no_session')
  world.proxy.fault('POST /wx/login', busy('wechat_unavailable', after('1')))
  const again = app.session.login()
  await app.clock.fire(1000, 1250)
  await again
})

test('a login that stays unavailable fails after two retries, for all', async () => {
  const app = world.open({ manual: true })
  world.proxy.fault('POST /wx/login', busy('store_unavailable', after('2')), 9)
  const all = Array.from({ length: 20 }, () => failsWith(app.session.request(me), 'store_unavailable', 503))
  await app.clock.fire(2000, 2500)
  await app.clock.fire(2000, 2500)
  await Promise.all(all)
  assert.equal(app.seen.logins, 3)
  assert.equal(world.proxy.count('GET /api/me'), 0)
})

test('a refused token stays until a login replaces it: an outage loses nothing', async () => {
  const app = world.open({ retries: 0 })
  await app.session.login()
  const { token } = app.session
  world.proxy.fault('GET /api/me', { status: 401, body: { error: 'invalid_session' } })
  world.proxy.fault('POST /wx/login', busy())
  await failsWith(app.session.request(me), 'store_unavailable')
  assert.equal(app.session.token, token)
})

test('the retries of a call are counted over its cure', async () => {
  const app = world.open({ manual: true })
  await app.session.login()
  world.proxy.fault('GET /api/me', busy('store_unavailable', after('1')))
  world.proxy.fault('GET /api/me', { status: 401, body: { error: 'invalid_session' } })
  world.proxy.fault('GET /api/me', busy('store_unavailable', after('1')), 2)
  const failing = failsWith(app.session.request(me), 'store_unavailable')
  await app.clock.fire(1000, 1250)
  await app.clock.fire(1000, 1250)
  await failing
  assert.equal(world.proxy.count('GET /api/me'), 4)
})

test('a server whose store is down: 503 everywhere, and the client says so', async t => {
  const { startServer } = require('./support/server.js')
  const down = await startServer({ WX_STORE: 'redis://127.0.0.1:1' }) // nobody listens there
  t.after(() => down.stop())
  const app = world.open({ manual: true, baseUrl: down.url })
  const { code } = require('./support/platform.js')
  app.faults.login = async options => options.success({ code: await code(down.url, 'alice') })
  const failing = failsWith(app.session.login(), 'store_unavailable', 503)
  await app.clock.fire(2000, 2500)
  await app.clock.fire(2000, 2500)
  assert.equal((await failing).retryAfter, 2)
  assert.equal(app.seen.logins, 3)
})
