'use strict'

// Promise 8: upload and download carry the token and are cured likewise.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { endElsewhere, failsWith, useServer } = require('./support/world.js')

const world = useServer()
const file = { url: '/files', filePath: __filename, name: 'file', formData: { album: '7' } }
const latest = { url: '/files/latest' }
const content = fs.readFileSync(__filename)

test('upload carries the token, and its data is parsed', async () => {
  const app = world.open()
  const res = await app.session.upload(file)
  assert.equal(res.statusCode, 201)
  assert.equal(res.data.size, content.length)
  assert.match(res.data.of, /^o/)
  const call = app.seen.calls.find(c => c.api === 'uploadFile')
  assert.equal(call.filePath, __filename)
  assert.deepEqual(call.formData, { album: '7' })
  assert.equal(call.header.Authorization, 'Bearer ' + app.session.token)
})

test('data that is no JSON stays the text that it is', async () => {
  const app = world.open()
  for (const [body, want] of [['stored', 'stored'], ['', ''], ['{"a":', '{"a":'], ['null', null], ['7', 7], ['[1]', [1]]]) {
    world.proxy.fault('POST /files', { status: 200, body })
    assert.deepEqual(JSON.parse(JSON.stringify((await app.session.upload(file)).data)), want)
  }
})

test('download carries the token and gives the file', async () => {
  const app = world.open()
  await app.session.upload(file)
  const res = await app.session.download(latest)
  assert.equal(res.statusCode, 200)
  assert.deepEqual(fs.readFileSync(res.tempFilePath), content)
})

test('both are cured after a 401', async () => {
  const app = world.open()
  await app.session.upload(file)
  await endElsewhere(world.server.url, app.user)
  assert.equal((await app.session.upload(file)).statusCode, 201)
  await endElsewhere(world.server.url, app.user)
  assert.equal((await app.session.download(latest)).statusCode, 200)
  assert.equal(app.seen.logins, 3)
})

test('a second 401 throws', async () => {
  for (const [call, name, body, code] of [
    [s => s.upload(file), 'POST /files', { error: 'session_revoked' }, 'session_revoked'],
    [s => s.download(latest), 'GET /files/latest', 'whatever', 'invalid_session']
  ]) {
    const app = world.open()
    await app.session.login()
    world.proxy.fault(name, { status: 401, body }, 9)
    await failsWith(call(app.session), code, 401)
    assert.equal(app.seen.logins, 2)
    assert.equal(world.proxy.count(name), 2)
  }
})

test('an upload goes by the code, as the application may say 401, 429 and 503 itself', async () => {
  const app = world.open()
  for (const status of [401, 429, 503, 404, 413]) {
    world.proxy.fault('POST /files', { status, body: '{"error":"quota"}' })
    const res = await app.session.upload(file)
    assert.equal(res.statusCode, status)
    assert.equal(res.data.error, 'quota')
  }
  assert.equal(app.seen.logins, 1)
})

test('a download goes by the status: its body is in a file', async () => {
  const app = world.open({ manual: true })
  await app.session.login()
  const { token } = app.session
  for (const [status, code] of [[503, 'store_unavailable'], [429, 'rate_limited']]) {
    world.proxy.fault('GET /files/latest', { status, body: '{}' }, 3)
    const failing = failsWith(app.session.download(latest), code, status)
    await app.clock.fire(1000, 1250)
    await app.clock.fire(2000, 2500)
    await failing
  }
  world.proxy.fault('GET /files/latest', { status: 404, body: '{}' })
  assert.equal((await app.session.download(latest)).statusCode, 404)
  assert.equal(app.session.token, token)
})

test('an upload that is answered 503 is tried again', async () => {
  const app = world.open({ manual: true })
  world.proxy.fault('POST /files', { status: 503, body: { error: 'store_unavailable' } })
  const upload = app.session.upload(file)
  await app.clock.fire(1000, 1250)
  assert.equal((await upload).statusCode, 201)
})

test('a download whose connection breaks is tried once more, an upload is not', async () => {
  const app = world.open()
  await app.session.upload(file)
  world.proxy.fault('GET /files/latest', { drop: true })
  assert.equal((await app.session.download(latest)).statusCode, 200)
  world.proxy.fault('GET /files/latest', { drop: true }, 9)
  await failsWith(app.session.download(latest), 'network', 0)
  world.proxy.fault('POST /files', { drop: true })
  await failsWith(app.session.upload(file), 'network', 0)
  assert.equal(world.proxy.count('POST /files'), 2)
})

test('a platform without them says so', async () => {
  const app = world.open({ wrap: wx => Object.assign({}, wx, { uploadFile: undefined, downloadFile: undefined }) })
  await failsWith(app.session.upload(file), 'network')
  await failsWith(app.session.download(latest), 'network')
})
