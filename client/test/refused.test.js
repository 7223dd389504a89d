'use strict'

// Promises 2 and 3: a 401 with one of our codes is cured once.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { alive, endElsewhere, failsWith, useServer } = require('./support/world.js')

const world = useServer()
const me = { url: '/api/me' }
const codes = ['no_session', 'invalid_session', 'session_revoked', 'session_key_expired', 'invalid_ticket']
const refusal = code => ({ status: 401, header: { 'www-authenticate': 'Bearer error="invalid_token"' }, body: { error: code, message: 'said ' + code } })

test('a session that was ended on another device is replaced unnoticed', async () => {
  const app = world.open()
  const { data } = await app.session.request(me)
  const first = app.session.token
  await endElsewhere(world.server.url, app.user)
  const res = await app.session.request(me)
  assert.equal(res.statusCode, 200)
  assert.equal(res.data.openid, data.openid)
  assert.notEqual(app.session.token, first)
  assert.equal(app.seen.logins, 2)
})

for (const code of codes) {
  test('401 ' + code + ' is cured by one login', async () => {
    const app = world.open()
    await app.session.login()
    const first = app.session.token
    world.proxy.fault('GET /api/me', refusal(code))
    assert.equal((await app.session.request(me)).statusCode, 200)
    assert.notEqual(app.session.token, first)
    assert.equal(app.seen.logins, 2)
    const sent = world.proxy.seen('GET /api/me').map(r => r.headers.authorization)
    assert.deepEqual(sent, ['Bearer ' + first, 'Bearer ' + app.session.token])
  })

  test('a second 401 ' + code + ' throws', async () => {
    const app = world.open()
    await app.session.login()
    world.proxy.fault('GET /api/me', refusal(code), 9)
    const err = await failsWith(app.session.request(me), code, 401)
    assert.equal(err.message, 'said ' + code)
    assert.equal(app.seen.logins, 2)
    assert.equal(world.proxy.count('GET /api/me'), 2)
  })
}

test('a POST is sent again with its data', async () => {
  const app = world.open()
  await app.session.login()
  await endElsewhere(world.server.url, app.user)
  const res = await app.session.request({ url: '/api/attrs/city', method: 'PUT', data: '广州', header: { 'content-type': 'text/plain' } })
  assert.equal(res.statusCode, 204)
  assert.deepEqual(world.proxy.seen('PUT /api/attrs/city').map(r => r.body), ['广州', '广州'])
  assert.equal((await app.session.request({ url: '/api/attrs/city', dataType: 'text' })).data, '广州')
})

test('the code is found in whatever form the caller wanted the body', async () => {
  for (const form of [{ dataType: 'text' }, { responseType: 'arraybuffer' }]) {
    const app = world.open()
    await app.session.login()
    world.proxy.fault('GET /api/me', { status: 401, body: { error: 'invalid_session', message: '已过期' } })
    assert.equal((await app.session.request({ ...me, ...form })).statusCode, 200)
    assert.equal(app.seen.logins, 2)
  }
})

test('a 401 of the application itself is a result', async () => {
  const app = world.open()
  await app.session.login()
  for (const body of ['', 'no', '<html>', {}, { error: 'wrong_password' }, { error: 'bad_request' }, { error: 'constructor' }, { error: 1 }, [], null]) {
    world.proxy.fault('POST /api/pay', { status: 401, body: JSON.stringify(body) })
    const res = await app.session.request({ url: '/api/pay', method: 'POST' })
    assert.equal(res.statusCode, 401)
    assert.deepEqual(JSON.parse(JSON.stringify(res.data)), body)
  }
  assert.equal(app.seen.logins, 1)
})

test('other statuses are results, our codes or not', async () => {
  const app = world.open()
  for (const [status, error] of [[400, 'bad_request'], [403, 'login_denied'], [404, 'not_found'], [409, 'conflict'], [500, 'misconfigured'], [502, 'x'], [400, 'no_session'], [404, 'invalid_session'], [500, 'store_unavailable']]) {
    world.proxy.fault('GET /api/thing', { status, body: { error } })
    const res = await app.session.request({ url: '/api/thing' })
    assert.equal(res.statusCode, status)
    assert.equal(res.data.error, error)
  }
  assert.equal(app.seen.logins, 1)
  assert.equal((await app.session.request({ url: '/nowhere' })).statusCode, 404)
})

test('50 requests with one dead token cost one login', async () => {
  const app = world.open()
  await app.session.login()
  await endElsewhere(world.server.url, app.user)
  const all = await Promise.all(Array.from({ length: 50 }, () => app.session.request(me)))
  assert.deepEqual(new Set(all.map(res => res.statusCode)), new Set([200]))
  assert.equal(app.seen.logins, 2)
  assert.equal(world.proxy.count('POST /wx/login'), 2)
})

test('50 requests refused for session_key_expired cost one login', async () => {
  const app = world.open()
  await app.session.login()
  world.proxy.fault('GET /api/me', refusal('session_key_expired'), 50)
  const all = await Promise.all(Array.from({ length: 50 }, () => app.session.request(me)))
  assert.equal(all.length, 50)
  assert.equal(app.seen.logins, 2)
})

test('an answer that comes late needs no login of its own', async () => {
  const app = world.open()
  await app.session.login()
  const late = world.proxy.hold('GET /api/me')
  await endElsewhere(world.server.url, app.user)
  const first = app.session.request(me)
  await late.arrived
  await app.session.request(me) // cures
  assert.equal(app.seen.logins, 2)
  late.release()
  assert.equal((await first).statusCode, 200)
  assert.equal(app.seen.logins, 2)
})

test('a refusal that comes after the shared login failed shares the failure', async () => {
  const app = world.open()
  await app.session.login()
  await endElsewhere(world.server.url, app.user)
  const late = world.proxy.hold('GET /api/me')
  const first = app.session.request(me)
  await late.arrived
  world.proxy.fault('POST /wx/login', { status: 403, body: { error: 'login_denied' } })
  await failsWith(app.session.request(me), 'login_denied', 403)
  late.release()
  await failsWith(first, 'login_denied', 403)
  assert.equal(app.seen.logins, 2)
  assert.equal((await app.session.request(me)).statusCode, 200, 'what begins later tries again')
})

test('a token that is known to be dead is not sent again', async () => {
  const app = world.open()
  await app.session.login()
  await endElsewhere(world.server.url, app.user)
  world.proxy.fault('POST /wx/login', { status: 403, body: { error: 'login_denied' } })
  await failsWith(app.session.request(me), 'login_denied')
  const tries = world.proxy.count('GET /api/me')
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.equal(world.proxy.count('GET /api/me'), tries + 1)
})

test('while session_key_expired is cured, others go on with the token, and the token changes by the login alone', async () => {
  const app = world.open()
  await app.session.login()
  const first = app.session.token
  world.proxy.fault('POST /api/decrypt', refusal('session_key_expired'))
  const login = world.proxy.hold('POST /wx/login')
  const decrypt = app.session.request({ url: '/api/decrypt', method: 'POST', data: {} })
  await login.arrived
  assert.equal(app.session.token, first)
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.deepEqual(world.proxy.seen('GET /api/me').map(r => r.headers.authorization), ['Bearer ' + first])
  login.release()
  await decrypt
  assert.notEqual(app.session.token, first)
  assert.ok(await alive(world.server.url, first), 'the old session is not ended by it')
})

test('a failed cure of session_key_expired keeps the token', async () => {
  const app = world.open()
  await app.session.login()
  const first = app.session.token
  world.proxy.fault('GET /api/me', refusal('session_key_expired'))
  world.proxy.fault('POST /wx/login', { drop: true })
  await failsWith(app.session.request(me), 'network')
  assert.equal(app.session.token, first)
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.equal(app.seen.logins, 2)
})

for (const [code, logins, title] of [
  ['session_key_expired', 2, 'a rotation is no cure for session_key_expired: it brings no other key'],
  ['invalid_session', 1, 'but it is one for a token that it has replaced']
]) {
  test(title, async () => {
    const app = world.open()
    await app.session.login()
    const late = world.proxy.hold('GET /api/me', refusal(code))
    const request = app.session.request(me)
    await late.arrived
    await app.session.rotate()
    late.release()
    assert.equal((await request).statusCode, 200)
    assert.equal(app.seen.logins, logins)
  })
}

test('after logging in for want of a token, a refusal is cured still', async () => {
  const app = world.open()
  world.proxy.fault('GET /api/me', refusal('invalid_session'))
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.equal(app.seen.logins, 2)
})

test('session routes are cured likewise', async () => {
  const app = world.open()
  await app.session.login()
  await endElsewhere(world.server.url, app.user)
  assert.equal((await app.session.sessions()).length, 1)
  assert.equal(app.seen.logins, 2)
})
