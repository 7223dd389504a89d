'use strict'

// Promises 4 (network failures) and 7: nothing is queued for ever.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { failsWith, useServer } = require('./support/world.js')
const { until } = require('./support/runtime.js')

const world = useServer()
const me = { url: '/api/me' }

for (const kind of ['drop', 'lose']) {
  test('a GET whose connection breaks (' + kind + ') is sent once more', async () => {
    const app = world.open()
    await app.session.login()
    world.proxy.fault('GET /api/me', { [kind]: true })
    assert.equal((await app.session.request(me)).statusCode, 200)
    assert.equal(world.proxy.count('GET /api/me'), 2)
    assert.equal(app.seen.logins, 1)
  })
}

test('a GET or HEAD that breaks twice throws', async () => {
  const app = world.open()
  await app.session.login()
  for (const method of ['GET', 'HEAD', 'get']) {
    world.proxy.reset()
    world.proxy.fault(method.toUpperCase() + ' /api/me', { drop: true }, 9)
    const err = await failsWith(app.session.request({ ...me, method }), 'network', 0)
    assert.match(err.message, /ERR_CONNECTION_RESET/)
    assert.equal(world.proxy.count(method.toUpperCase() + ' /api/me'), 2)
  }
})

for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
  test('a ' + method + ' whose connection breaks is not sent again', async () => {
    const app = world.open()
    await app.session.login()
    world.proxy.fault(method + ' /api/orders', { lose: true })
    await failsWith(app.session.request({ url: '/api/orders', method }), 'network', 0)
    assert.equal(world.proxy.count(method + ' /api/orders'), 1)
  })
}

test('a login whose connection breaks throws, and the next call logs in anew', async () => {
  const app = world.open()
  world.proxy.fault('POST /wx/login', { lose: true })
  await failsWith(app.session.request(me), 'network')
  assert.equal(app.seen.logins, 1)
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.equal(app.seen.logins, 2)
})

test('session routes: GET is sent once more, POST and DELETE are not', async () => {
  const app = world.open()
  await app.session.login()
  world.proxy.fault('GET /wx/sessions', { drop: true })
  const [one] = await app.session.sessions()
  world.proxy.fault('GET /wx/check', { drop: true })
  assert.equal(await app.session.check(), true)
  world.proxy.fault('POST /wx/rotate', { drop: true })
  await failsWith(app.session.rotate(), 'network')
  world.proxy.fault('DELETE /wx/sessions/' + one.id, { drop: true })
  await failsWith(app.session.revoke(one.id), 'network')
  assert.equal(world.proxy.count('POST /wx/rotate') + world.proxy.count('DELETE /wx/sessions/' + one.id), 2)
})

test('a hanging request ends with timeout, and is called off', async () => {
  const app = world.open({ manual: true, timeout: 7000 })
  await app.session.login()
  world.proxy.fault('POST /api/orders', { hang: true })
  const failing = failsWith(app.session.request({ url: '/api/orders', method: 'POST' }), 'timeout', 0)
  await until(() => world.proxy.count('POST /api/orders'))
  assert.equal(app.seen.calls.at(-1).timeout, 7000, 'the platform is told too')
  await app.clock.fire(7000)
  await failing
})

test('a hanging GET ends too', async () => {
  const app = world.open({ manual: true })
  await app.session.login()
  world.proxy.fault('GET /api/me', { hang: true }, 2)
  const failing = failsWith(app.session.request(me), 'timeout')
  await app.clock.fire(10000)
  await failing
  assert.ok(world.proxy.count('GET /api/me') <= 2)
})

test('a request may have a timeout of its own', async () => {
  const app = world.open({ manual: true })
  await app.session.login()
  world.proxy.fault('POST /api/orders', { hang: true })
  const failing = failsWith(app.session.request({ url: '/api/orders', method: 'POST', timeout: 60000 }), 'timeout')
  await app.clock.fire(60000)
  await failing
})

test('a hanging wx.login ends with timeout for all that wait for it, and the next call tries anew', async () => {
  const app = world.open({ manual: true })
  let late
  app.faults.login = options => { late = options }
  const all = Array.from({ length: 5 }, () => failsWith(app.session.request(me), 'timeout', 0))
  await app.clock.fire(10000)
  await Promise.all(all)
  assert.equal(app.seen.logins, 1)
  app.faults.login = null
  assert.equal((await app.session.request(me)).statusCode, 200)
  late.success({ code: 'too-late' }) // harms nobody
  assert.equal((await app.session.request(me)).statusCode, 200)
  assert.equal(app.seen.logins, 2)
})

test('a hanging POST /wx/login ends with timeout', async () => {
  const app = world.open({ manual: true })
  world.proxy.fault('POST /wx/login', { hang: true })
  const failing = failsWith(app.session.login(), 'timeout', 0)
  await until(() => world.proxy.count('POST /wx/login'))
  await app.clock.fire(10000)
  await failing
  await app.session.login()
})

test('every other call of the platform ends as well', async () => {
  const app = world.open({ manual: true })
  await app.session.login()
  const calls = [
    ['GET /wx/sessions', () => app.session.sessions()],
    ['DELETE /wx/sessions/x', () => app.session.revoke('x')],
    ['POST /wx/rotate', () => app.session.rotate()],
    ['POST /wx/phone', () => app.session.phone('c')],
    ['POST /wx/ticket', () => app.session.ticket('/')],
    ['POST /wx/scan/x', () => app.session.scan('x', 'scan')],
    ['GET /wx/check', () => app.session.check()],
    ['POST /files', () => app.session.upload({ url: '/files', filePath: __filename, name: 'file' })],
    ['GET /files/x', () => app.session.download({ url: '/files/x' })],
    ['POST /wx/logout', () => app.session.logout()]
  ]
  for (const [name, call] of calls) {
    world.proxy.fault(name, { hang: true }, 2)
    const failing = failsWith(call(), 'timeout', 0)
    await app.clock.fire(10000)
    await failing
  }
  app.faults.checkSession = () => {}
  const { session } = world.open({ manual: true }) // without a token it does not ask
  assert.equal(await session.check({ deep: true }), false)
  await app.session.login()
  const failing = failsWith(app.session.check({ deep: true }), 'timeout')
  await app.clock.fire(10000)
  await failing
})

test("the platform's own time-outs are timeout, other failures network", async () => {
  for (const [errMsg, code] of [
    ['request:fail timeout', 'timeout'], ['request:fail fail:time out', 'timeout'], ['request:fail -7:net::ERR_TIMED_OUT', 'timeout'],
    ['request:fail ssl hand shake error', 'network'], ['request:fail interrupted', 'network'], ['request:fail url not in domain list', 'network'], [undefined, 'network']
  ]) {
    const app = world.open({ wrap: wx => Object.assign({}, wx, { request: options => options.fail(errMsg && { errMsg, errno: 600000 }) }) })
    const err = await failsWith(app.session.login(), code, 0)
    if (errMsg) assert.equal(err.message, errMsg)
  }
})

test('a platform that throws, or answers with nothing of use, does not hang', async () => {
  for (const [request, code] of [
    [() => { throw new TypeError('parameter error') }, 'network'],
    [options => options.success(), 'bad_reply'], [options => options.success({ data: 'x' }), 'bad_reply'],
    [options => options.success({ statusCode: 0 }), 'bad_reply'], [undefined, 'bad_request']
  ]) {
    if (!request) {
      assert.throws(() => world.open({ wrap: () => ({}) }), { code })
      continue
    }
    const app = world.open({ wrap: wx => Object.assign({}, wx, { request }) })
    await failsWith(app.session.login(), code)
  }
})

test('a success that is followed by a fail, and the reverse, counts once', async () => {
  const app = world.open({
    wrap: wx => Object.assign({}, wx, {
      request(options) {
        return wx.request({ ...options, success(res) { options.success(res); options.fail({ errMsg: 'request:fail abort' }); options.success(res) } })
      }
    })
  })
  assert.equal((await app.session.request(me)).statusCode, 200)
})

test('callbacks that are given to a call are not called: it returns a promise', async () => {
  const app = world.open()
  const called = []
  const callbacks = { success: () => called.push('success'), fail: () => called.push('fail'), complete: () => called.push('complete') }
  await app.session.request({ ...me, ...callbacks })
  await app.session.download({ url: '/api/me', ...callbacks })
  world.proxy.fault('POST /api/x', { drop: true })
  await failsWith(app.session.request({ url: '/api/x', method: 'POST', ...callbacks }), 'network')
  assert.deepEqual(called, [])
})
