'use strict'

// Promise 10: no token in a URL, a log or an error, and none to another host.

const assert = require('node:assert/strict')
const http = require('node:http')
const { after, before, test } = require('node:test')
const { inspect } = require('node:util')
const { failsWith, failureOf, useServer } = require('./support/world.js')

const world = useServer()
let foreign, requests
before(() => new Promise(resolve => {
  requests = []
  foreign = http.createServer((req, res) => { requests.push(req.headers); res.end('{}') }).listen(0, '127.0.0.1', resolve)
}))
after(() => foreign.close())

test('an absolute url outside baseUrl is refused, in whatever spelling, by every call', async () => {
  const app = world.open()
  await app.session.login()
  const base = world.proxy.url
  const { host } = new URL(base)
  const before = app.seen.calls.length
  for (const url of [
    'http://127.0.0.1:' + foreign.address().port + '/x', 'https://evil.example/', 'HTTPS://evil.example', base + '.evil.example/', base + '@evil.example/',
    base + '1/', base + '\\@evil.example/', base + ':80/', 'https://' + host + '/api/me', '//evil.example/x', '//' + host + '/api/me', '/\\evil.example', '\\\\evil.example\\x',
    base + '//evil.example', 'http:evil.example', 'http:/evil.example', 'http:\\\\evil.example', 'ftp://' + host + '/', 'javascript:alert(1)', 'data:text/plain,x', 'wxfile://tmp/x',
    '', undefined, null, 7, {}, ['/api/me']
  ]) {
    for (const call of ['request', 'upload', 'download']) {
      const err = await failsWith(app.session[call]({ url, filePath: __filename, name: 'f' }), 'bad_request', 0)
      assert.ok(!err.message.includes('evil'), 'a URL may hold secrets')
    }
  }
  for (const none of [undefined, null, 'text', 7]) await failsWith(app.session.request(none), 'bad_request', 0)
  assert.equal(app.seen.calls.length, before)
  assert.equal(requests.length, 0)
})

test('paths and URLs under baseUrl are taken, and cannot leave it', async () => {
  const app = world.open()
  const base = world.proxy.url
  for (const [url, path] of [
    ['/api/me', '/api/me'], ['api/me', '/api/me'], [base + '/api/me', '/api/me'], [base, '/'], [base + '?a=1', '/?a=1'], ['?a=1', '/?a=1'],
    ['.evil.example/x', '/.evil.example/x'], ['@evil.example', '/@evil.example'], [':80/x', '/:80/x'],
    ['/go?to=https://other.example/../x', '/go?to=https://other.example/../x'], ['/a/..b/c..', '/a/..b/c..'], ['/t/12:30', '/t/12:30']
  ]) {
    await app.session.request({ url })
    assert.equal(world.proxy.log.at(-1).path, path)
  }
  for (const url of ['/../x', '/a/../../x', '..', '../x', '/%2e%2e/x', '/.%2E/x', base + '/..']) {
    await failsWith(app.session.request({ url }), 'bad_request', 0)
  }
})

test('a baseUrl with a path is kept, and what is beside it refused', async () => {
  const app = world.open({ baseUrl: world.proxy.url + '/api/' })
  world.proxy.fault('POST /api/wx/login', { status: 200, body: { '3rd_session': 'abc', expires_in: 1, lifetime: 1 } })
  world.proxy.fault('GET /api/me', { status: 200, body: {} }, 9)
  await app.session.request({ url: '/me' })
  await app.session.request({ url: world.proxy.url + '/api/me' })
  for (const url of [world.proxy.url + '/apis', world.proxy.url + '/', world.proxy.url + '/wx/check']) {
    await failsWith(app.session.request({ url }), 'bad_request', 0)
  }
})

test('a baseUrl that cannot be meant is refused at once', () => {
  for (const baseUrl of [undefined, '', 'your.host', '//your.host', 'ftp://your.host', 'https://', 'https://user:pw@your.host', 'https://your.host?x=1', 'https://your.host/#x', 'https://your host']) {
    assert.throws(() => world.open({ baseUrl }), { code: 'bad_request' })
  }
})

test('the token is in one header and nowhere else', async () => {
  const app = world.open()
  await app.session.login()
  await app.session.request({ url: '/api/me', data: { a: 1 } })
  await app.session.request({ url: '/api/decrypt', method: 'POST', data: { a: 1 } })
  await app.session.sessions()
  await app.session.check({ deep: true })
  await app.session.upload({ url: '/files', filePath: __filename, name: 'f' })
  await app.session.download({ url: '/files/latest' })
  const { token } = app.session
  await app.session.logout()
  assert.ok(world.proxy.log.length > 7)
  for (const { path, headers, body } of world.proxy.log) {
    assert.ok(!path.includes(token))
    assert.ok(!body.includes(token))
    assert.deepEqual(Object.keys(headers).filter(name => headers[name].includes(token)), path === '/wx/login' ? [] : ['authorization'])
  }
})

test('headers of the caller are kept; Authorization of a gateway moves the token to X-WX-Session', async () => {
  const app = world.open()
  await app.session.login()
  const { token } = app.session
  for (const [given, authorization, own] of [
    [{ 'X-Trace': '1' }, 'Bearer ' + token, undefined],
    [{ Authorization: 'Basic Z2F0ZQ==' }, 'Basic Z2F0ZQ==', token],
    [{ authorization: 'Basic Z2F0ZQ==' }, 'Basic Z2F0ZQ==', token],
    [{ authorization: 'bearer stale' }, 'Bearer ' + token, undefined],
    [{ 'x-wx-session': 'stale' }, 'Bearer ' + token, undefined],
    [{ Authorization: 'Basic x', 'X-Wx-Session': 'stale' }, 'Basic x', token]
  ]) {
    const header = Object.assign({}, given)
    assert.equal((await app.session.request({ url: '/api/me', header })).statusCode, 200)
    assert.deepEqual(header, given, "the caller's object is not touched")
    const sent = world.proxy.log.at(-1).headers
    assert.equal(sent.authorization, authorization)
    assert.equal(sent['x-wx-session'], own)
    assert.equal(sent['x-trace'], given['X-Trace'])
  }
})

test('no error shows a token or a code, whatever the platform and the server say', async () => {
  const app = world.open({
    retries: 0,
    wrap: wx => Object.assign({}, wx, {
      request: options => wx.request({ ...options, fail: err => options.fail({ errMsg: err.errMsg + ' ' + JSON.stringify({ ...options, timeout: undefined }) }) })
    })
  })
  await app.session.login()
  const { token } = app.session
  const loginCode = JSON.parse(world.proxy.seen('POST /wx/login')[0].body).code
  const told = []
  app.session.on('error', err => told.push(err))
  const says = status => ({ status, body: { error: { 401: 'invalid_session', 503: 'store_unavailable', 404: 'x ' + token }[status], message: 'bad token ' + token + ' and ' + token } })
  world.proxy.fault('POST /api/x', { drop: true })
  await failsWith(app.session.request({ url: '/api/x', method: 'POST', data: { loginCode } }), 'network')
  world.proxy.fault('POST /api/x', says(503))
  await failsWith(app.session.request({ url: '/api/x', method: 'POST' }), 'store_unavailable')
  world.proxy.fault('GET /wx/sessions', says(404))
  await failureOf(app.session.sessions())
  world.proxy.fault('POST /wx/phone', { status: 400, body: { error: 'invalid_code', message: 'phone-code-1234 is bad' } })
  await failsWith(app.session.phone('phone-code-1234'), 'invalid_code')
  for (let i = 0; i < 50; i++) { // other secrets do not make it forget the token
    world.proxy.fault('POST /wx/phone', { status: 400, body: { error: 'invalid_code' } })
    await failsWith(app.session.phone('phone-code-' + i), 'invalid_code')
  }
  world.proxy.fault('POST /api/x', { drop: true })
  await failsWith(app.session.request({ url: '/api/x', method: 'POST' }), 'network')
  world.proxy.fault('POST /wx/login', { drop: true })
  await failsWith(app.session.login({ force: true }), 'network')
  const lastCode = JSON.parse(world.proxy.seen('POST /wx/login').at(-1).body).code
  app.faults.login = options => options.fail({ errMsg: 'login:fail of ' + token })
  await failsWith(app.session.login({ force: true }), 'login_failed')
  world.proxy.fault('POST /wx/logout', says(503))
  await failsWith(app.session.logout(), 'store_unavailable')
  assert.equal(told.length, 58)
  for (const err of told) {
    const shown = [String(err), err.stack, err.message, JSON.stringify(err), inspect(err, { depth: 9, showHidden: true })].join('\n')
    for (const secret of [token, loginCode, lastCode, 'phone-code-1234']) assert.ok(!shown.includes(secret), shown)
  }
})
