'use strict'

// Promise 1: one login at a time. Promise 5: a code that was refused is
// replaced once. And what a login sends.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { until } = require('./support/runtime.js')
const { alive, failsWith, same, useServer } = require('./support/world.js')

const world = useServer()
const me = { url: '/api/me' }
const anHour = { idle: 259200, life: 2592000 }

test('login gives the figures, and the token that works', async () => {
  const app = world.open()
  assert.equal(app.session.token, '')
  same(await app.session.login(), { expiresIn: anHour.idle, lifetime: anHour.life })
  assert.match(app.session.token, /^[\w-]{43}$/)
  assert.ok(await alive(world.server.url, app.session.token))
  same(await app.session.login(), { expiresIn: anHour.idle, lifetime: anHour.life })
  assert.equal(app.seen.logins, 1, 'there was a token already')
})

test('login with force always logs in, and brings another token', async () => {
  const app = world.open()
  await app.session.login()
  const first = app.session.token
  await app.session.login({ force: true })
  assert.notEqual(app.session.token, first)
  assert.equal(app.seen.logins, 2)
})

test('the first request logs in', async () => {
  const app = world.open()
  const res = await app.session.request(me)
  assert.equal(res.statusCode, 200)
  assert.match(res.data.openid, /^o/)
  assert.equal(app.seen.logins, 1)
})

test('50 parallel requests share one wx.login and one POST', async () => {
  const app = world.open()
  const all = await Promise.all(Array.from({ length: 50 }, () => app.session.request(me)))
  assert.deepEqual(new Set(all.map(res => res.statusCode)), new Set([200]))
  assert.equal(app.seen.logins, 1)
  assert.equal(world.proxy.count('POST /wx/login'), 1)
  assert.equal(world.proxy.count('GET /api/me'), 50)
  assert.equal(app.seen.requestsMost, 10, 'the platform was kept busy')
})

test('50 parallel requests share the failure of the login', async () => {
  const app = world.open()
  world.proxy.fault('POST /wx/login', { status: 403, body: { error: 'user_blocked', message: 'blocked', errcode: 40226, rid: 'r-1' } }, 9)
  const errors = await Promise.all(Array.from({ length: 50 }, () => failsWith(app.session.request(me), 'user_blocked', 403)))
  assert.equal(app.seen.logins, 1)
  assert.equal(errors[49].message, 'blocked')
  assert.equal(errors[49].errcode, 40226)
  assert.equal(errors[49].rid, 'r-1')
})

test('forced logins, too, share the one under way', async () => {
  const app = world.open()
  await Promise.all([app.session.login(), app.session.login({ force: true }), app.session.request(me), app.session.login({ force: true })])
  assert.equal(app.seen.logins, 1)
})

test('a request goes on with a good token while a login is forced, and fails not with it', async () => {
  const app = world.open()
  await app.session.login()
  world.proxy.fault('POST /wx/login', { status: 403, body: { error: 'login_denied' } })
  const forced = failsWith(app.session.login({ force: true }), 'login_denied', 403)
  assert.equal((await app.session.request(me)).statusCode, 200)
  await forced
  assert.equal((await app.session.request(me)).statusCode, 200, 'the token is kept')
})

for (const refusal of ['invalid_code', 'code_used']) {
  test(refusal + ' at a login is cured by another wx.login', async () => {
    const app = world.open()
    world.proxy.fault('POST /wx/login', { status: 400, body: { error: refusal, message: 'the code is bad' } })
    await app.session.login()
    assert.equal(app.seen.logins, 2)
    const [first, second] = world.proxy.seen('POST /wx/login').map(r => JSON.parse(r.body).code)
    assert.notEqual(first, second)
  })

  test(refusal + ' twice is a failure', async () => {
    const app = world.open()
    world.proxy.fault('POST /wx/login', { status: 400, body: { error: refusal, errcode: 40029 } }, 9)
    const err = await failsWith(app.session.login(), refusal, 400)
    assert.equal(err.errcode, 40029)
    assert.equal(app.seen.logins, 2)
  })
}

test('the real server refuses a code that was used, and the client asks for another', async () => {
  const app = world.open()
  const codes = []
  app.faults.login = options => {
    app.faults.login = null
    options.success({ code: codes[0], errMsg: 'login:ok' })
  }
  const { code } = require('./support/platform.js')
  codes.push(await code(world.server.url, app.user))
  await fetch(world.server.url + '/wx/login', { method: 'POST', body: JSON.stringify({ code: codes[0] }) })
  await app.session.login()
  assert.equal(app.seen.logins, 2)
})

test('DevTools without an appid gives a mock code: the error says so', async () => {
  const app = world.open()
  app.faults.login = options => options.success({ code: 'the code is a mock one', errMsg: 'login:ok' })
  const err = await failsWith(app.session.login(), 'invalid_code', 400)
  assert.equal(err.errcode, 40029)
})

test('a wx.login that fails is login_failed', async () => {
  const app = world.open()
  app.faults.login = options => options.fail({ errMsg: 'login:fail timeout', errno: 600001 })
  const err = await failsWith(app.session.request(me), 'login_failed', 0)
  assert.equal(err.errcode, 600001)
  assert.match(err.message, /login:fail/)
})

test('so are one without a code, and one that throws', async () => {
  for (const login of [o => o.success({ errMsg: 'login:ok' }), o => o.success(), () => { throw new Error('no') }]) {
    const app = world.open()
    app.faults.login = login
    await failsWith(app.session.login(), 'login_failed')
  }
})

test('what a login sends: code and device, no appid unless it is set', async () => {
  const app = world.open()
  await app.session.login()
  const [sent] = world.proxy.seen('POST /wx/login')
  const body = JSON.parse(sent.body)
  assert.deepEqual(Object.keys(body).sort(), ['code', 'device'])
  assert.equal(body.device, 'Mate 60, HarmonyOS 4.2')
  assert.equal(sent.headers.authorization, undefined)
})

test('appid and device are sent where they are set', async () => {
  const app = world.open({ appid: 'wx00000000000000ff', device: "Wang's phone" })
  await failsWith(app.session.login(), 'bad_request', 400) // the server has another app
  const body = JSON.parse(world.proxy.seen('POST /wx/login')[0].body)
  assert.equal(body.appid, 'wx00000000000000ff')
  assert.equal(body.device, "Wang's phone")
})

test('a platform without getDeviceInfo, or with one that throws, logs in without a label', async () => {
  for (const getDeviceInfo of [undefined, () => { throw new Error('not now') }, () => undefined]) {
    const app = world.open({ wrap: wx => Object.assign({}, wx, { getDeviceInfo }) })
    await app.session.login()
  }
  for (const sent of world.proxy.seen('POST /wx/login')) assert.equal('device' in JSON.parse(sent.body), false)
})

test('labels are cut to 128 bytes, between characters, and the server takes them', async () => {
  const labels = {
    ['a'.repeat(200)]: 'a'.repeat(128),
    ['手机'.repeat(40)]: '手机'.repeat(21), // 3 bytes each: 126
    ['a' + '📱'.repeat(60)]: 'a' + '📱'.repeat(31), // 4 bytes each: 125
    ['é'.repeat(64)]: 'é'.repeat(64),
    ['é'.repeat(65)]: 'é'.repeat(64),
    'a\u0000b\nc\u00a0d\u200be\ud83df\u3000': 'a b c d e f',
    '': undefined
  }
  for (const [device, want] of Object.entries(labels)) {
    world.proxy.log.length = 0
    const app = world.open({ device })
    await app.session.login()
    assert.equal(JSON.parse(world.proxy.seen('POST /wx/login')[0].body).device, want)
    assert.equal((await app.session.sessions())[0].device, want || '')
  }
})

test('profile is asked once per login, and only whole pairs are sent', async () => {
  let asked = 0
  const given = { encryptedData: 'eA==', iv: 'aQ==', rawData: '{}', signature: '', other: 'x' }
  const app = world.open({ profile: async () => { asked++; return given } })
  world.proxy.fault('POST /wx/login', { status: 400, body: { error: 'code_used' } })
  world.proxy.fault('POST /wx/login', { status: 200, body: { '3rd_session': 'made-up', expires_in: 1, lifetime: 2 } })
  await app.session.login()
  assert.equal(asked, 1, 'two tries are one login')
  const body = JSON.parse(world.proxy.seen('POST /wx/login')[1].body)
  assert.deepEqual(Object.keys(body).sort(), ['code', 'device', 'encryptedData', 'iv'])
  await app.session.login({ force: true }).catch(() => {})
  assert.equal(asked, 2)
})

test('the server takes a profile that WeChat encrypted', async () => {
  const user = 'profiled' + process.pid
  const encrypted = async () => (await fetch(world.server.url + '/devtools/encrypt?user=' + user)).json()
  const app = world.open({ user, profile: encrypted })
  await app.session.login()
  assert.ok(JSON.parse(world.proxy.seen('POST /wx/login')[0].body).encryptedData)
})

test('a profile that fails, throws or gives nothing is left out', async () => {
  for (const profile of [async () => { throw new Error('user deny') }, () => { throw new Error('sync') }, () => null, () => 'text', async () => ({ rawData: 'x' })]) {
    const app = world.open({ profile })
    await app.session.login()
    const [sent] = world.proxy.seen('POST /wx/login').slice(-1)
    assert.deepEqual(Object.keys(JSON.parse(sent.body)).sort(), ['code', 'device'])
  }
})

test('a profile that hangs is left out after the timeout', async () => {
  const app = world.open({ manual: true, profile: () => new Promise(() => {}) })
  const login = app.session.login()
  await until(() => app.clock.set.length === 2) // one for wx.login, one for the profile
  assert.equal(world.proxy.count('POST /wx/login'), 0)
  await app.clock.fire(10000)
  await login
  assert.equal(world.proxy.count('POST /wx/login'), 1)
})

test('a login reply without a token is bad_reply', async () => {
  for (const body of ['', 'moved', '<html>', {}, [], { '3rd_session': '' }, { '3rd_session': 7 }, { '3rd_session': 'a\r\nb: c' }, { data: { '3rd_session': 'x' } }]) {
    const app = world.open()
    world.proxy.fault('POST /wx/login', { status: 200, body })
    await failsWith(app.session.login(), 'bad_reply', 200)
    assert.equal(app.session.token, '')
    assert.equal(app.storage.size, 0)
  }
})
