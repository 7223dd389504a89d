'use strict'

// A server, a proxy in front of it, and a mini program with a session: what
// nearly every test begins with.

const assert = require('node:assert/strict')
const { after, afterEach, before } = require('node:test')
const { createPlatform, code } = require('./platform.js')
const { startProxy } = require('./proxy.js')
const { loadClient, manualClock, realClock } = require('./runtime.js')
const { startServer } = require('./server.js')

// Sets a server up for the tests of a file. Each test takes its mini program
// from it by `open`; when the test is over, no timer may be left.
function useServer(env) {
  const world = { server: null, proxy: null, open }
  const clocks = []
  let users = 0

  before(async () => {
    world.server = await startServer(env)
    world.proxy = await startProxy(world.server.url)
  })
  after(async () => {
    await world.proxy.stop()
    await world.server.stop()
  })
  afterEach(async () => {
    await new Promise(resolve => setImmediate(resolve))
    const left = clocks.splice(0).flatMap(clock => [...clock.pending.values()])
    world.proxy.reset()
    assert.deepEqual(left, [], 'timers are left')
  })

  // A mini program of a new user, or of `user`; `storage` is shared between two
  // instances of one mini program. manual: its timers wait for the test.
  function open({ user = 'user' + ++users + '-' + process.pid, storage, manual, wrap, ...options } = {}) {
    const clock = manual ? manualClock() : realClock()
    clocks.push(clock)
    const phone = createPlatform(world.server.url, user, storage)
    const platform = wrap ? wrap(phone.wx) : phone.wx
    const client = loadClient(clock, platform)
    const session = client.createSession({ baseUrl: world.proxy.url, ...options })
    return { ...phone, user, clock, session, math: client.math, createSession: client.createSession, WXSessionError: client.WXSessionError }
  }
  return world
}

// Ends all sessions of a user at the server, as another device would.
async function endElsewhere(url, user) {
  const login = await fetch(url + '/wx/login', { method: 'POST', body: JSON.stringify({ code: await code(url, user) }) })
  const token = (await login.json())['3rd_session']
  const reply = await fetch(url + '/wx/logout?all=1', { method: 'POST', headers: { authorization: 'Bearer ' + token } })
  assert.equal(reply.status, 204)
}

// Whether the server takes the token.
async function alive(url, token) {
  const reply = await fetch(url + '/wx/check', { headers: { authorization: 'Bearer ' + token } })
  return reply.status === 200
}

// The error that a call rejects with; a test fails if it does not.
async function failureOf(promise) {
  try {
    await promise
  } catch (err) {
    return err
  }
  throw new assert.AssertionError({ message: 'the call did not fail' })
}

async function failsWith(promise, code, status) {
  const err = await failureOf(promise)
  assert.equal(err.code, code, err.stack)
  assert.equal(err.name, 'WXSessionError')
  if (status !== undefined) assert.equal(err.status, status)
  return err
}

// Compares what comes from the runtime's world, where Object is another one.
function same(actual, expected, message) {
  assert.deepEqual(JSON.parse(JSON.stringify(actual)), expected, message)
}

module.exports = { alive, endElsewhere, failsWith, failureOf, same, useServer }
