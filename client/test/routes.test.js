'use strict'

// The session's own routes: devices, rotation, phone number, hand-over, scan.

const assert = require('node:assert/strict')
const { after, before, test } = require('node:test')
const { alive, endElsewhere, failsWith, same, useServer } = require('./support/world.js')
const { startStub } = require('./support/stub.js')

const world = useServer({ WX_COOKIE: '__Host-wx', WX_SCAN_LOGIN: 'true' })
let stub
before(async () => { stub = await startStub() })
after(() => stub.stop())

const garbage = ['', '<html>', '[', 'null', '"x"', '7']

test('sessions lists the devices', async () => {
  const one = world.open({ device: 'first' })
  const other = world.open({ user: one.user, device: 'second' })
  await one.session.login()
  await other.session.login()
  const list = await one.session.sessions()
  assert.deepEqual(list.map(s => s.device).sort(), ['first', 'second'])
  assert.deepEqual(list.map(s => s.current && s.device), list.map(s => s.device === 'first' && 'first'))
  for (const s of list) {
    assert.deepEqual(Object.keys(s).sort(), ['createdAt', 'current', 'device', 'id', 'lastSeen'])
    for (const date of [s.createdAt, s.lastSeen]) assert.ok(Math.abs(date.getTime() - Date.now()) < 60000)
  }
})

test('revoke ends another device, and only the own', async () => {
  const one = world.open()
  const other = world.open({ user: one.user })
  const stranger = world.open()
  for (const app of [one, other, stranger]) await app.session.login()
  const { id } = (await one.session.sessions()).find(s => !s.current)
  await failsWith(stranger.session.revoke(id), 'not_found', 404)
  assert.equal(await one.session.revoke(id), undefined)
  assert.equal(await alive(world.server.url, other.session.token), false)
  await failsWith(one.session.revoke(id), 'not_found', 404)
})

test('ids are escaped, and must be strings', async () => {
  const app = world.open()
  await app.session.login()
  await failsWith(app.session.revoke('a?b#c d'), 'not_found', 404)
  assert.equal(world.proxy.log.at(-1).path, '/wx/sessions/a%3Fb%23c%20d')
  await failsWith(app.session.revoke('../login'), 'bad_reply', 404) // gin knows no such address
  assert.equal(world.proxy.log.at(-1).path, '/wx/sessions/..%2Flogin')
  for (const id of ['', undefined, null, 7, {}]) {
    await failsWith(app.session.revoke(id), 'bad_request', 0)
    await failsWith(app.session.scan(id, 'scan'), 'bad_request', 0)
    await failsWith(app.session.phone(id), 'bad_request', 0)
  }
})

test('rotate brings a new token for the same session', async () => {
  const app = world.open()
  await app.session.login()
  const { token } = app.session
  const [{ id }] = await app.session.sessions()
  const { expiresIn, lifetime } = await app.session.rotate()
  assert.equal(expiresIn, 259200)
  assert.ok(lifetime > 2591990 && lifetime <= 2592000, 'the absolute lifetime goes on')
  assert.notEqual(app.session.token, token)
  assert.equal(JSON.parse(app.storage.get('wxsession')).token, app.session.token)
  assert.equal((await app.session.sessions())[0].id, id)
  assert.equal(app.seen.logins, 1)
})

test('parallel rotations are one; the token that is kept works', async () => {
  const app = world.open()
  await app.session.login()
  await Promise.all([app.session.rotate(), app.session.rotate(), app.session.request({ url: '/api/me' }), app.session.rotate()])
  assert.equal(world.proxy.count('POST /wx/rotate'), 1)
  await app.session.rotate()
  assert.ok(await alive(world.server.url, app.session.token))
  assert.equal(app.seen.logins, 1)
})

test('a rotation whose answer is lost leaves a token that works', async () => {
  const app = world.open()
  await app.session.login()
  const { token } = app.session
  world.proxy.fault('POST /wx/rotate', { lose: true })
  await failsWith(app.session.rotate(), 'network')
  assert.equal(app.session.token, token)
  assert.equal((await app.session.request({ url: '/api/me' })).statusCode, 200)
  await app.session.rotate()
  assert.equal(app.seen.logins, 1)
})

test('a rotation that is answered without a token is bad_reply', async () => {
  const app = world.open()
  await app.session.login()
  const { token } = app.session
  for (const body of [...garbage, '{}', '{"3rd_session":7}']) {
    world.proxy.fault('POST /wx/rotate', { status: 200, body })
    await failsWith(app.session.rotate(), 'bad_reply', 200)
  }
  assert.equal(app.session.token, token)
})

test('a rotation of a session that has ended logs in', async () => {
  const app = world.open()
  await app.session.login()
  await endElsewhere(world.server.url, app.user)
  await app.session.rotate()
  assert.equal(app.seen.logins, 2)
  assert.ok(await alive(world.server.url, app.session.token))
})

test('a rotation begins with the token that another instance got by one', async () => {
  const one = world.open()
  const other = world.open({ user: one.user, storage: one.storage })
  await one.session.login()
  assert.equal(other.session.token, one.session.token)
  await one.session.rotate()
  await one.session.request({ url: '/api/me' }) // the new token is in use: the old one must not be rotated any more
  const rotated = one.session.token
  await other.session.rotate()
  assert.equal(world.proxy.seen('POST /wx/rotate')[1].headers.authorization, 'Bearer ' + rotated)
  assert.equal((await one.session.request({ url: '/api/me' })).statusCode, 200)
  assert.equal(one.seen.logins + other.seen.logins, 1)
})

test('a login during a rotation waits for its answer, and is the last word', async () => {
  const app = world.open()
  await app.session.login()
  const held = world.proxy.hold('POST /wx/rotate')
  const rotation = app.session.rotate()
  await held.arrived
  const login = app.session.login({ force: true })
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal(world.proxy.count('POST /wx/login'), 1, 'not sent yet')
  held.release()
  await Promise.all([rotation, login])
  assert.ok(await alive(world.server.url, app.session.token))
  assert.equal(world.proxy.log.at(-1).path, '/wx/login')
})

test('a rotation during a login rotates what the login brought', async () => {
  const app = world.open()
  const tokens = []
  app.session.on('login', () => tokens.push(app.session.token))
  await app.session.login()
  const held = world.proxy.hold('POST /wx/login')
  const login = app.session.login({ force: true })
  await held.arrived
  const rotation = app.session.rotate()
  held.release()
  await Promise.all([login, rotation])
  const [sent] = world.proxy.seen('POST /wx/rotate')
  assert.equal(world.proxy.count('POST /wx/rotate'), 1)
  assert.ok(await alive(world.server.url, app.session.token))
  assert.equal(sent.headers.authorization, 'Bearer ' + tokens[1], 'the first token was replaced before its turn')
  assert.equal((await app.session.sessions()).length, 2) // the first login's, and the one that was rotated
})

test('phone gives the number of the button', async () => {
  const app = world.open()
  const reply = await fetch(world.server.url + '/devtools/phonecode?number=13800138000&user=' + app.user)
  same(await app.session.phone((await reply.json()).code), { phoneNumber: '13800138000', purePhoneNumber: '13800138000', countryCode: '86' })
})

test("another user's phone code is refused", async () => {
  const app = world.open()
  const reply = await fetch(world.server.url + '/devtools/phonecode?user=somebody')
  const err = await failsWith(app.session.phone((await reply.json()).code), 'invalid_code', 400)
  assert.ok(err.errcode)
  assert.equal(app.seen.logins, 1, 'a phone code is not replaced by wx.login')
})

test('a server without a route is bad_reply, garbage too', async () => {
  const app = world.open()
  const calls = [
    ['GET /wx/sessions', () => app.session.sessions()], ['POST /wx/phone', () => app.session.phone('c')],
    ['POST /wx/ticket', () => app.session.ticket()], ['POST /wx/scan/x', () => app.session.scan('x', 'scan')],
    ['DELETE /wx/sessions/x', () => app.session.revoke('x')]
  ]
  for (const [name, call] of calls) {
    world.proxy.fault(name, { status: 404, body: '404 page not found' })
    await failsWith(call(), 'bad_reply', 404)
    for (const body of garbage) {
      world.proxy.fault(name, { status: 200, body })
      await failsWith(call(), 'bad_reply', 200)
    }
  }
  for (const body of [{}, { sessions: {} }, { sessions: null }]) {
    world.proxy.fault('GET /wx/sessions', { status: 200, body })
    await failsWith(app.session.sessions(), 'bad_reply', 200)
  }
})

test('the prefix is configurable', async () => {
  for (const [prefix, path] of [['/auth', '/auth/login'], ['auth/', '/auth/login'], ['/', '/login'], ['', '/login'], ['/a/b', '/a/b/login']]) {
    world.proxy.reset()
    const app = world.open({ prefix })
    await failsWith(app.session.login(), 'bad_reply', 404)
    assert.equal(world.proxy.log[0].path, path)
  }
})

test('a code of the application on a session route is passed on', async () => {
  const app = world.open()
  world.proxy.fault('POST /wx/login', { status: 403, body: { error: 'banned', message: 'until Friday' } })
  assert.equal((await failsWith(app.session.login(), 'banned', 403)).message, 'until Friday')
})

// --- hand-over and scan login, with a stub of the routes

function atStub(options) {
  const app = world.open({ baseUrl: stub.url, ...options })
  app.faults.login = o => o.success({ code: 'code' })
  return app
}

test('ticket gives an absolute URL for the web-view', async () => {
  const { session } = atStub()
  const ticket = 't'.repeat(43)
  assert.equal(await session.ticket('/h5/order?id=7'), stub.url + '/wx/enter?ticket=' + ticket + '&to=%2Fh5%2Forder%3Fid%3D7')
  assert.deepEqual(JSON.parse(stub.requests.at(-1).body), { to: '/h5/order?id=7' })
  assert.equal(await session.ticket(), stub.url + '/wx/enter?ticket=' + ticket)
  assert.deepEqual(JSON.parse(stub.requests.at(-1).body), {})
  for (const to of ['//evil.example', '/\\evil', 'https://evil.example']) await failsWith(session.ticket(to), 'bad_request', 400)
})

test('ticket refuses a reply whose url leads elsewhere', async () => {
  const app = world.open()
  for (const url of ['https://evil.example/', '//evil.example', '/\\evil.example', 'wx/enter', '', undefined, 7]) {
    world.proxy.fault('POST /wx/ticket', { status: 200, body: { ticket: 't', expires_in: 60, url } })
    await failsWith(app.session.ticket('/'), 'bad_reply', 200)
  }
})

test('ticket and scan are cured after a 401', async () => {
  const app = atStub()
  await app.session.login()
  stub.endSessions()
  await app.session.ticket('/')
  stub.scans.set('again', 'pending')
  stub.endSessions()
  assert.equal((await app.session.scan('again', 'scan')).state, 'scanned')
  assert.equal(app.seen.logins, 3)
})

test('scan shows what is being logged in, then confirms or denies', async () => {
  const { session } = atStub()
  for (const [action, state] of [['confirm', 'confirmed'], ['deny', 'denied']]) {
    stub.scans.set(action, 'pending')
    await failsWith(session.scan(action, action), 'conflict', 409)
    same(await session.scan(action, 'scan'), {
      state: 'scanned', browser: stub.browser, ip: '203.0.113.7', createdAt: new Date(1760000000000).toISOString()
    })
    assert.equal((await session.scan(action, action)).state, state)
    assert.equal((await session.scan(action, action)).state, state, 'the same again changes nothing')
    assert.equal((await session.scan(action, 'scan')).state, state)
  }
  await failsWith(session.scan('confirm', 'deny'), 'conflict', 409)
  await failsWith(session.scan('unknown', 'scan'), 'not_found', 404)
  stub.scans.set('a/b?c', 'pending')
  assert.equal((await session.scan('a/b?c', 'scan')).state, 'scanned')
})

// --- the same against the real server, as soon as it has the routes: until
// then it answers their addresses with 404

async function hasRoute(path) {
  return (await fetch(world.server.url + path, { method: 'POST', body: '{}' })).status !== 404
}

test('real hand-over: the ticket makes a session for the web-view, once', async t => {
  if (!await hasRoute('/wx/ticket')) return t.diagnostic('this server has no POST /wx/ticket yet')
  const app = world.open({ baseUrl: world.server.url })
  const url = await app.session.ticket('/api/me')
  const enter = await fetch(url, { redirect: 'manual' })
  assert.equal(enter.status, 303)
  assert.equal(enter.headers.get('location'), '/api/me')
  const cookie = enter.headers.getSetCookie().map(c => c.split(';')[0]).join('; ')
  const me = await fetch(world.server.url + '/api/me', { headers: { cookie } })
  assert.equal(me.status, 200)
  assert.equal((await me.json()).openid, (await app.session.request({ url: '/api/me' })).data.openid)
  assert.deepEqual((await app.session.sessions()).map(s => s.device).includes('web'), true)
  assert.equal((await fetch(url, { redirect: 'manual' })).status, 401)
  await failsWith(app.session.ticket('//evil.example'), 'bad_request', 400)
})

test('real scan login: the website is logged in as the user who confirmed', async t => {
  if (!await hasRoute('/wx/scan')) return t.diagnostic('this server has no POST /wx/scan yet')
  const app = world.open({ baseUrl: world.server.url })
  async function begin() {
    const started = await fetch(world.server.url + '/wx/scan', { method: 'POST', headers: { 'user-agent': 'Firefox' } })
    assert.equal(started.status, 200)
    return { id: (await started.json()).id, cookie: started.headers.getSetCookie()[0].split(';')[0] }
  }
  const { id, cookie } = await begin()
  await failsWith(app.session.scan(id, 'confirm'), 'conflict', 409)
  const scanned = await app.session.scan(id, 'scan')
  assert.equal(scanned.state, 'scanned')
  assert.equal(scanned.browser, 'Firefox')
  assert.ok(scanned.ip)
  assert.ok(Math.abs(scanned.createdAt.getTime() - Date.now()) < 60000)
  assert.equal((await app.session.scan(id, 'confirm')).state, 'confirmed')
  await failsWith(app.session.scan(id, 'deny'), 'conflict', 409)
  const polled = await fetch(world.server.url + '/wx/scan/' + id, { headers: { cookie } })
  assert.equal((await polled.json()).state, 'confirmed')
  const session = polled.headers.getSetCookie().map(c => c.split(';')[0]).join('; ')
  assert.equal((await fetch(world.server.url + '/api/me', { headers: { cookie: session } })).status, 200)
  const second = await begin()
  await app.session.scan(second.id, 'scan')
  assert.equal((await app.session.scan(second.id, 'deny')).state, 'denied')
  await failsWith(app.session.scan('A'.repeat(22), 'scan'), 'not_found', 404)
})
