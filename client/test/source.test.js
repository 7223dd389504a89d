'use strict'

// The file itself: its size, its language, what it asks of the runtime, and
// that a process in which it was used ends by itself.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const acorn = require('acorn')
const walk = require('acorn-walk')
const { clientFile, loadClient, oldContext, realClock } = require('./support/runtime.js')
const { useServer } = require('./support/world.js')

const world = useServer()
const source = fs.readFileSync(clientFile, 'utf8')
const tree = acorn.parse(source, { ecmaVersion: 2017, sourceType: 'script' })

test('it is not above 24 KB', () => {
  assert.ok(Buffer.byteLength(source) <= 24000, 'bytes: ' + Buffer.byteLength(source))
})

test('it is ES2017 at most, without async functions or generators, which would need helpers', () => {
  const found = []
  const look = node => { if (node.async || node.generator) found.push(node.start) }
  walk.simple(tree, { FunctionDeclaration: look, FunctionExpression: look, ArrowFunctionExpression: look })
  assert.deepEqual(found, [])
})

test('loading it touches nothing global', () => {
  const context = oldContext()
  const before = Object.getOwnPropertyNames(context)
  const clock = realClock()
  const client = loadClient(clock, undefined)
  assert.deepEqual(Object.keys(client).filter(name => name !== 'math').sort(), ['WXSessionError', 'createSession'])
  assert.deepEqual(Object.getOwnPropertyNames(context), before)
  assert.equal(clock.pending.size, 0)
})

test('without a platform it says what is missing; the global wx is the default', async () => {
  const bare = loadClient(realClock(), undefined)
  assert.throws(() => bare.createSession({ baseUrl: 'https://your.host' }), { code: 'bad_request', name: 'WXSessionError' })
  const app = world.open()
  const global = loadClient(app.clock, app.wx)
  const session = global.createSession({ baseUrl: world.proxy.url })
  assert.equal((await session.request({ url: '/api/me' })).statusCode, 200)
})

test('options that are given as undefined are the defaults', async () => {
  const app = world.open({ prefix: undefined, appid: undefined, device: undefined, storageKey: undefined, timeout: undefined, retries: undefined, profile: undefined })
  await app.session.login()
  assert.deepEqual([...app.storage.keys()], ['wxsession'])
  assert.equal(world.proxy.count('POST /wx/login'), 1)
})

test('WXSessionError is an Error with the members that are promised', () => {
  const { WXSessionError } = require('..')
  const err = new WXSessionError('rate_limited', 'slow down', { status: 429, retryAfter: 3, errcode: 45011, rid: 'r' })
  assert.ok(err instanceof Error)
  assert.deepEqual({ ...err }, { name: 'WXSessionError', code: 'rate_limited', status: 429, retryAfter: 3, errcode: 45011, rid: 'r' })
  assert.equal(err.message, 'slow down')
})

test('a process that has used everything, failures too, ends by itself', () => {
  const script = `
    const { createSession } = require(${JSON.stringify(clientFile)})
    const { createPlatform } = require(${JSON.stringify(path.join(__dirname, 'support', 'platform.js'))})
    const { wx, faults } = createPlatform(${JSON.stringify(world.server.url)}, 'exit')
    const session = createSession({ baseUrl: ${JSON.stringify(world.server.url)}, platform: wx, timeout: 600000 })
    const quiet = promise => promise.catch(err => err.code)
    async function main() {
      await session.login()
      await session.request({ url: '/api/me' })
      await session.check({ deep: true })
      await session.rotate()
      await quiet(session.request({ url: 'https://evil.example' }))
      const pending = [quiet(session.request({ url: '/api/me' })), quiet(session.login({ force: true }))]
      await session.logout({ all: true })
      faults.login = () => {} // hangs
      pending.push(quiet(session.request({ url: '/api/me' })))
      await session.logout()
      console.log((await Promise.all(pending)).join(' '))
    }
    main()
  `
  const began = Date.now()
  const run = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 20000 })
  assert.equal(run.stderr, '')
  assert.equal(run.stdout.trim(), 'no_session no_session no_session')
  assert.equal(run.status, 0)
  assert.ok(Date.now() - began < 20000)
})
