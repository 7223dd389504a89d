'use strict'

// Promise 6: what another instance stored is taken; storage that fails costs
// persistence and nothing else. And two storageKeys do not meet.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { until } = require('./support/runtime.js')
const { alive, endElsewhere, failsWith, same, useServer } = require('./support/world.js')

const world = useServer()
const me = { url: '/api/me' }
const figures = { expiresIn: 259200, lifetime: 2592000 }
const refusal = { status: 401, body: { error: 'invalid_session' } }

// Two instances of one user's mini program, over the same storage.
function pair(options) {
  const first = world.open(options)
  return [first, world.open({ ...options, user: first.user, storage: first.storage })]
}

test('the next start goes on with the stored token, and the figures of its login', async () => {
  const [before, after] = pair()
  await before.session.login()
  assert.equal(after.session.token, before.session.token)
  same(await after.session.login(), figures)
  assert.equal((await after.session.request(me)).statusCode, 200)
  assert.equal(after.seen.logins, 0)
})

test('the token is stored under storageKey, with its figures and nothing else', async () => {
  const app = world.open({ storageKey: 'mine' })
  await app.session.login()
  assert.deepEqual([...app.storage.keys()], ['mine'])
  assert.deepEqual(JSON.parse(app.storage.get('mine')), { token: app.session.token, ...figures })
})

test('a token that another instance has just stored is taken before a login', async () => {
  const [one, other] = pair()
  assert.equal(other.session.token, '') // looked already
  await one.session.login()
  assert.equal((await other.session.request(me)).statusCode, 200)
  assert.equal(other.seen.logins, 0)
  assert.equal(other.session.token, one.session.token)
})

test('after a 401 likewise: one instance logs in, the other takes its token', async () => {
  const [one, other] = pair()
  await one.session.login()
  await other.session.request(me)
  await endElsewhere(world.server.url, one.user)
  await one.session.request(me)
  assert.equal((await other.session.request(me)).statusCode, 200)
  assert.equal(one.seen.logins + other.seen.logins, 2)
  assert.equal(other.session.token, one.session.token)
})

test('while a login waits for its next try, another instance may be quicker', async () => {
  const [one, other] = pair({ manual: true })
  world.proxy.fault('POST /wx/login', { status: 503, body: { error: 'store_unavailable' } })
  const request = one.session.request(me)
  await until(() => one.clock.set.some(ms => ms < 2000))
  await other.session.login()
  await one.clock.fire(1000, 1250)
  assert.equal((await request).statusCode, 200)
  assert.equal(one.seen.logins, 1)
  assert.equal(one.session.token, other.session.token)
})

test('a forced login is one, whatever is stored', async () => {
  const [one, other] = pair()
  await one.session.login()
  await other.session.login({ force: true })
  assert.equal(other.seen.logins, 1)
  assert.notEqual(other.session.token, one.session.token)
})

test('also when it joins a login that would have taken what is stored', async () => {
  const [one, other] = pair({ manual: true })
  world.proxy.fault('POST /wx/login', { status: 503, body: { error: 'store_unavailable' } })
  const login = one.session.login()
  await until(() => one.clock.set.some(ms => ms < 2000))
  await other.session.login()
  const forced = one.session.login({ force: true })
  await one.clock.fire(1000, 1250)
  await Promise.all([login, forced])
  assert.equal(one.seen.logins, 2)
  assert.notEqual(one.session.token, other.session.token)
})

test('a newer stored token that is refused as well costs one login more', async () => {
  const [one, other] = pair()
  await one.session.login()
  assert.equal(other.session.token, one.session.token)
  await one.session.login({ force: true })
  await endElsewhere(world.server.url, one.user) // both tokens are dead
  assert.equal((await other.session.request(me)).statusCode, 200)
  assert.equal(other.seen.logins, 1)
  assert.equal(world.proxy.count('GET /api/me'), 3)
})

test('and a third 401 throws', async () => {
  const [one, other] = pair()
  await one.session.login()
  assert.equal(other.session.token, one.session.token)
  await one.session.login({ force: true })
  world.proxy.fault('GET /api/me', refusal, 9)
  await failsWith(other.session.request(me), 'invalid_session', 401)
  assert.equal(other.seen.logins, 1)
  assert.equal(world.proxy.count('GET /api/me'), 3)
})

test('that login is a real one, though yet another token was stored', async () => {
  const [one, other] = pair()
  await one.session.login()
  assert.equal(other.session.token, one.session.token)
  await one.session.login({ force: true }) // the second token
  world.proxy.fault('GET /api/me', refusal)
  const second = world.proxy.hold('GET /api/me', refusal)
  const request = other.session.request(me)
  await second.arrived
  await one.session.login({ force: true }) // the third
  second.release()
  assert.equal((await request).statusCode, 200)
  assert.equal(other.seen.logins, 1)
  assert.notEqual(other.session.token, one.session.token)
})

test('a token that is stored while our own is refused twice cures the call', async () => {
  const [one, other] = pair()
  await other.session.login()
  world.proxy.fault('GET /api/me', refusal)
  const second = world.proxy.hold('GET /api/me', refusal)
  const request = other.session.request(me)
  await second.arrived
  await one.session.login({ force: true })
  second.release()
  assert.equal((await request).statusCode, 200)
  assert.equal(other.seen.logins, 2)
  assert.equal(other.session.token, one.session.token)
})

test('session_key_expired takes a newer stored token too, as its login refreshed the key', async () => {
  const [one, other] = pair()
  await one.session.login()
  await other.session.request(me)
  await one.session.login({ force: true })
  world.proxy.fault('GET /api/me', { status: 401, body: { error: 'session_key_expired' } })
  assert.equal((await other.session.request(me)).statusCode, 200)
  assert.equal(other.seen.logins, 0)
  assert.equal(other.session.token, one.session.token)
})

test('storage that cannot be written costs no login', async () => {
  const app = world.open()
  app.faults.storage.set = true
  await app.session.login()
  const res = await Promise.all([1, 2, 3].map(() => app.session.request(me)))
  assert.equal(res[2].statusCode, 200)
  assert.equal(app.seen.logins, 1)
  assert.equal(app.storage.size, 0)
})

test('when the newer token cannot be stored, the older one does not stay', async () => {
  const app = world.open()
  await app.session.login()
  app.faults.storage.set = true
  await app.session.login({ force: true })
  assert.equal(app.storage.size, 0)
})

test('storage that cannot be read, written or cleared at all: everything works for this run', async () => {
  const app = world.open()
  Object.assign(app.faults.storage, { get: true, set: true, remove: true })
  assert.equal(app.session.token, '')
  await app.session.request(me)
  assert.equal(app.seen.logins, 1)
  const { token } = app.session
  await app.session.logout()
  assert.equal(app.session.token, '')
  assert.equal(await alive(world.server.url, token), false)
})

test('a platform without storage works for this run', async () => {
  const app = world.open({ wrap: ({ login, request }) => ({ login, request }) })
  await app.session.request(me)
  await app.session.request(me)
  assert.equal(app.seen.logins, 1)
  await app.session.logout()
  assert.equal(app.session.token, '')
})

test('a stored token that cannot be removed does not come back after a logout', async () => {
  const app = world.open()
  await app.session.login()
  const { token } = app.session
  app.faults.storage.remove = app.faults.storage.set = true
  await app.session.logout()
  assert.equal(app.session.token, '')
  await app.session.request(me)
  assert.equal(app.seen.logins, 2)
  assert.notEqual(app.session.token, token)
})

test('nonsense in storage counts as nothing', async () => {
  for (const value of ['text', 7, null, [], {}, { token: '' }, { token: 7 }, { token: 'a\nb' }, { token: 'a b' }]) {
    const storage = new Map([['wxsession', JSON.stringify(value)]])
    const app = world.open({ storage })
    assert.equal(app.session.token, '')
    await app.session.request(me)
    assert.equal(app.seen.logins, 1)
  }
})

test('two storageKeys do not meet', async () => {
  const one = world.open({ storageKey: 'one' })
  const other = world.open({ storageKey: 'other', storage: one.storage, user: one.user })
  await Promise.all([one.session.login(), other.session.login()])
  assert.equal(one.seen.logins + other.seen.logins, 2)
  assert.notEqual(one.session.token, other.session.token)
  await one.session.logout()
  assert.equal(one.session.token, '')
  assert.equal((await other.session.request(me)).statusCode, 200)
  assert.equal(other.seen.logins, 1)
})

test('two sessions of one copy of the file do not meet either', async () => {
  const app = world.open({ storageKey: 'one' })
  const second = app.createSession({ baseUrl: world.proxy.url, platform: app.wx, storageKey: 'two', device: 'second' })
  const events = []
  app.session.on('login', () => events.push('first'))
  second.on('login', () => events.push('second'))
  await Promise.all([app.session.login(), second.login()])
  assert.deepEqual(events.sort(), ['first', 'second'])
  assert.notEqual(app.session.token, second.token)
  const pending = second.request(me)
  await app.session.logout()
  assert.equal((await pending).statusCode, 200)
})
