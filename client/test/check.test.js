'use strict'

// check(), and promise 9: wx.checkSession is asked only by check({deep: true}).

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { endElsewhere, failsWith, useServer } = require('./support/world.js')

const world = useServer()

test('without a token it is false, and nobody is asked', async () => {
  const app = world.open()
  assert.equal(await app.session.check(), false)
  assert.equal(await app.session.check({ deep: true }), false)
  assert.equal(world.proxy.log.length, 0)
  assert.equal(app.seen.logins + app.seen.checks, 0)
})

test('true for a live session, false for one that was ended; it never logs in', async () => {
  const app = world.open()
  await app.session.login()
  assert.equal(await app.session.check(), true)
  assert.equal(await app.session.check({ deep: false }), true)
  await endElsewhere(world.server.url, app.user)
  assert.equal(await app.session.check(), false)
  assert.equal(await app.session.check(), false)
  assert.equal(app.seen.logins, 1)
})

test('a session that was found dead is replaced by the next request, without sending the dead token', async () => {
  const app = world.open()
  await app.session.login()
  await endElsewhere(world.server.url, app.user)
  await app.session.check()
  assert.equal((await app.session.request({ url: '/api/me' })).statusCode, 200)
  assert.equal(world.proxy.count('GET /api/me'), 1)
})

test('it knows the token that another instance stored', async () => {
  const one = world.open()
  const other = world.open({ user: one.user, storage: one.storage })
  await one.session.login()
  assert.equal(await other.session.check(), true)
})

for (const code of ['no_session', 'invalid_session', 'session_revoked', 'session_key_expired']) {
  test('401 ' + code + ' is false', async () => {
    const app = world.open()
    await app.session.login()
    world.proxy.fault('GET /wx/check', { status: 401, body: { error: code } })
    assert.equal(await app.session.check(), false)
  })
}

test('it throws when the server cannot tell, and keeps the token', async () => {
  const app = world.open({ retries: 0 })
  await app.session.login()
  const { token } = app.session
  for (const [reply, code] of [
    [{ status: 401, body: 'proxy login' }, 'bad_reply'],
    [{ status: 401, body: { error: 'other' } }, 'other'],
    [{ status: 503, body: { error: 'store_unavailable' } }, 'store_unavailable'],
    [{ status: 429, body: { error: 'rate_limited' } }, 'rate_limited'],
    [{ status: 503, body: 'nginx' }, 'bad_reply'],
    [{ status: 500, body: { error: 'misconfigured' } }, 'misconfigured'],
    [{ status: 404, body: 'no route' }, 'bad_reply'],
    [{ status: 200, body: '<html>captive portal</html>' }, 'bad_reply'],
    [{ status: 200, body: '' }, 'bad_reply']
  ]) {
    world.proxy.fault('GET /wx/check', reply)
    const err = await failsWith(app.session.check(), code, reply.status)
    assert.equal(err.status, reply.status)
  }
  world.proxy.fault('GET /wx/check', { drop: true }, 2)
  await failsWith(app.session.check(), 'network', 0)
  assert.equal(app.session.token, token)
  assert.equal(await app.session.check(), true)
})

test('503 is waited for', async () => {
  const app = world.open({ manual: true })
  await app.session.login()
  world.proxy.fault('GET /wx/check', { status: 503, header: { 'retry-after': '2' }, body: { error: 'store_unavailable' } })
  const check = app.session.check()
  await app.clock.fire(2000, 2500)
  assert.equal(await check, true)
})

test('deep asks the server and wx.checkSession, and both must agree', async () => {
  const app = world.open()
  await app.session.login()
  assert.equal(await app.session.check({ deep: true }), true)
  assert.equal(app.seen.checks, 1)
  assert.equal(world.proxy.seen('GET /wx/check')[0].path, '/wx/check?deep=1')

  world.proxy.fault('GET /wx/check', { status: 200, body: { expires_in: 1, lifetime: 1, session_key_valid: false } })
  assert.equal(await app.session.check({ deep: true }), false)
  app.faults.checkSession = options => options.fail({ errMsg: 'checkSession:fail session time out, need relogin' })
  assert.equal(await app.session.check({ deep: true }), false)
  assert.equal(app.seen.checks, 3)
  assert.equal(world.proxy.count('GET /wx/check'), 3)
  assert.equal(await app.session.check(), true, 'the business session does not depend on it')
})

test('deep cannot tell from a reply that lacks the verdict', async () => {
  const app = world.open()
  await app.session.login()
  world.proxy.fault('GET /wx/check', { status: 200, body: { expires_in: 1, lifetime: 1 } })
  await failsWith(app.session.check({ deep: true }), 'bad_reply', 200)
})

test('deep goes by the server where the platform has no checkSession', async () => {
  const app = world.open({ wrap: wx => Object.assign({}, wx, { checkSession: undefined }) })
  await app.session.login()
  assert.equal(await app.session.check({ deep: true }), true)
})

test('nothing else asks wx.checkSession', async () => {
  const app = world.open()
  await app.session.login()
  await app.session.request({ url: '/api/me' })
  await app.session.check()
  await app.session.sessions()
  await app.session.rotate()
  await endElsewhere(world.server.url, app.user)
  await app.session.request({ url: '/api/me' })
  await app.session.logout()
  assert.equal(app.seen.checks, 0)
})
