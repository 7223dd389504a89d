'use strict'

// on(), and the error that it tells of.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { endElsewhere, failsWith, same, useServer } = require('./support/world.js')

const world = useServer()
const me = { url: '/api/me' }

function record(session) {
  const seen = []
  for (const event of ['login', 'logout', 'error']) session.on(event, value => seen.push([event, value && (value.code || JSON.parse(JSON.stringify(value)))]))
  return seen
}

test('login is told once per login, with its figures, when the token is there', async () => {
  const app = world.open()
  const seen = record(app.session)
  app.session.on('login', () => assert.equal(app.session.token.length, 43))
  await Promise.all([app.session.request(me), app.session.request(me)])
  await app.session.login()
  await endElsewhere(world.server.url, app.user)
  await app.session.request(me)
  assert.deepEqual(seen, Array(2).fill(['login', { expiresIn: 259200, lifetime: 2592000 }]))
})

test('a token that was taken from storage or came by a rotation is no login', async () => {
  const one = world.open()
  await one.session.login()
  const other = world.open({ user: one.user, storage: one.storage })
  const seen = record(other.session)
  await other.session.request(me)
  await other.session.rotate()
  assert.deepEqual(seen, [])
})

test('logout is told once, also when the server fails, and not when there was nothing', async () => {
  const app = world.open()
  const seen = record(app.session)
  await app.session.logout()
  assert.deepEqual(seen, [])
  await app.session.login()
  await app.session.logout()
  await app.session.logout()
  await app.session.login()
  world.proxy.fault('POST /wx/logout', { drop: true })
  await failsWith(app.session.logout(), 'network')
  assert.deepEqual(seen.map(([event, value]) => event + (typeof value === 'string' ? ' ' + value : '')), ['login', 'logout', 'login', 'logout', 'error network'])
})

test('error is told once per rejected call', async () => {
  const app = world.open({ retries: 0 })
  const seen = record(app.session)
  world.proxy.fault('POST /wx/login', { status: 403, body: { error: 'user_blocked' } })
  await Promise.all([1, 2, 3].map(() => failsWith(app.session.request(me), 'user_blocked')))
  assert.deepEqual(seen, Array(3).fill(['error', 'user_blocked']))
  seen.length = 0
  await failsWith(app.session.request({ url: 'https://evil.example' }), 'bad_request')
  await failsWith(app.session.revoke(''), 'bad_request')
  assert.deepEqual(seen, Array(2).fill(['error', 'bad_request']))
  seen.length = 0
  await app.session.login()
  world.proxy.fault('GET /wx/check', { drop: true }, 2)
  await failsWith(app.session.check(), 'network')
  const pending = [failsWith(app.session.request(me), 'no_session'), failsWith(app.session.sessions(), 'no_session')]
  await app.session.logout()
  await Promise.all(pending)
  assert.deepEqual(seen.map(([event, value]) => event === 'error' ? value : event).sort(), ['login', 'logout', 'network', 'no_session', 'no_session'])
})

test('a call that succeeds in the end tells no error', async () => {
  const app = world.open()
  const seen = record(app.session)
  world.proxy.fault('POST /wx/login', { status: 400, body: { error: 'code_used' } })
  world.proxy.fault('GET /api/me', { status: 401, body: { error: 'invalid_session' } })
  world.proxy.fault('GET /api/me', { drop: true })
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.deepEqual(seen.map(([event]) => event), ['login', 'login'])
})

test('the error told is the one thrown', async () => {
  const app = world.open()
  let told
  app.session.on('error', err => { told = err })
  world.proxy.fault('POST /wx/login', { status: 403, body: { error: 'login_denied', message: 'not you' } })
  const err = await failsWith(app.session.login(), 'login_denied', 403)
  assert.equal(told, err)
  assert.ok(err instanceof app.WXSessionError)
  assert.equal(String(err), 'WXSessionError: not you')
})

test('a throwing listener harms nobody, nor does one whose promise fails', async () => {
  const app = world.open()
  const seen = []
  for (const event of ['login', 'logout', 'error']) {
    app.session.on(event, () => { throw new Error('a listener threw') })
    app.session.on(event, async () => { throw new Error('a listener failed') })
    app.session.on(event, () => seen.push(event))
  }
  same(await app.session.login(), { expiresIn: 259200, lifetime: 2592000 })
  assert.equal((await app.session.request(me)).statusCode, 200)
  await failsWith(app.session.revoke('nobody'), 'not_found')
  await app.session.logout()
  assert.deepEqual(seen, ['login', 'error', 'logout'])
})

test('on returns what takes the listener off, and that alone', async () => {
  const app = world.open()
  const seen = []
  const listener = () => seen.push(1)
  const off = app.session.on('login', listener)
  app.session.on('login', listener)
  app.session.on('login', () => seen.push(2))
  off()
  off()
  await app.session.login()
  assert.deepEqual(seen, [1, 2])
})

test('a listener that takes itself off does not make another miss its turn', async () => {
  const app = world.open()
  const seen = []
  const off = app.session.on('login', () => { off(); seen.push(1) })
  app.session.on('login', () => seen.push(2))
  await app.session.login()
  await app.session.login({ force: true })
  assert.deepEqual(seen, [1, 2, 2])
})

test('an unknown event or a listener that is none is refused', () => {
  const app = world.open()
  for (const args of [['logn', () => {}], ['login'], ['error', 'text'], ['constructor', () => {}], []]) {
    assert.throws(() => app.session.on(...args), { name: 'WXSessionError', code: 'bad_request' })
  }
})
