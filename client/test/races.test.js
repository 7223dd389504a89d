'use strict'

// Every order of answers that a seed brings: never two wx.login at once, never
// a token lost that the server issued last, every call settles, and nothing
// that was pending at a logout resolves. WXSESSION_SEEDS sets how many seeds,
// WXSESSION_SEED plays a single one.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Scene } = require('./support/scene.js')

const seeds = Number(process.env.WXSESSION_SEEDS || 400)
const first = Number(process.env.WXSESSION_SEED || 1)
const last = process.env.WXSESSION_SEED ? first : seeds

const tick = () => new Promise(resolve => setImmediate(resolve))
const allowed = ['resolved', 'no_session', 'network', 'timeout', 'login_failed', 'store_unavailable', 'rate_limited', 'code_used', 'invalid_session', 'session_revoked', 'session_key_expired']

// A random call of the client's user.
function act(scene, session) {
  const what = scene.random.pick(['request', 'request', 'request', 'request', 'post', 'login', 'force', 'rotate', 'check', 'sessions', 'logout'])
  if (what === 'logout' && scene.random.chance(0.5)) return
  if (what === 'logout') scene.overtake()
  scene.begin(what, {
    request: () => session.request({ url: '/api/me' }),
    post: () => session.request({ url: '/api/orders', method: 'POST', data: {} }),
    login: () => session.login(),
    force: () => session.login({ force: true }),
    rotate: () => session.rotate(),
    check: () => session.check({ deep: scene.random.chance(0.3) }),
    sessions: () => session.request({ url: '/api/list' }),
    logout: () => session.logout()
  }[what])
}

// Plays 25 calls with answers between them in any order, then lets everything
// come to its end.
async function play(scene, sessions) {
  for (let acts = 0, quiet = true; acts < 25;) {
    if (scene.random.chance(0.4)) {
      act(scene, scene.random.pick(sessions))
      acts++
    } else {
      scene.step(quiet)
    }
    quiet = scene.random.chance(0.8) // else things happen in one turn
    if (quiet) await tick()
  }
  for (let steps = 0; ; steps++) {
    await tick()
    if (!scene.step(true)) break
    assert.ok(steps < 5000, 'it does not come to an end')
  }
}

const weather = {
  fine: { slow: 0, busy: 0, lost: 0, hang: 0, badCode: 0, revoke: 0 },
  changeable: { slow: 0.1, busy: 0.05, lost: 0.05, hang: 0.02, badCode: 0.1, revoke: 0.1 },
  stormy: { slow: 0.2, busy: 0.3, lost: 0.2, hang: 0.1, badCode: 0.3, revoke: 0.3 }
}

for (const [name, faults] of Object.entries(weather)) {
  test(`one session, ${name}: ${last - first + 1} seeds`, async () => {
    const ends = {}
    for (let seed = first; seed <= last; seed++) {
      const scene = new Scene(seed, faults)
      const session = scene.open()
      await play(scene, [session])
      const hint = 'WXSESSION_SEED=' + seed + ', ' + name
      assert.deepEqual(scene.broken, [], hint)
      for (const call of scene.calls) {
        assert.ok(allowed.includes(call.outcome), call.name + ' ended with "' + call.outcome + '", ' + hint)
        ends[call.outcome] = (ends[call.outcome] || 0) + 1
      }
      assert.equal(session.token, scene.delivered, 'the token is not the last one; ' + hint)
      const kept = scene.storage.get('wxsession')
      assert.equal(kept ? kept.token : '', scene.delivered, 'nor is the stored one; ' + hint)
      assert.equal(scene.timers.size, 0, 'timers are left; ' + hint)
    }
    if (first < last) {
      assert.ok(ends.resolved > 0 && ends.no_session > 0, 'the weather brought both ends')
      if (name === 'fine') assert.deepEqual(Object.keys(ends).sort(), ['no_session', 'resolved'])
      else for (const end of ['network', 'timeout', 'login_failed']) assert.ok(ends[end] > 0, 'no ' + end)
    }
  })
}

test(`two instances over one storage: ${last - first + 1} seeds`, async () => {
  for (let seed = first; seed <= last; seed++) {
    const scene = new Scene(seed, weather.changeable)
    const sessions = [scene.open(), scene.open()]
    // A logout ends what is pending in its own instance alone, so the calls are
    // looked at one by one elsewhere; here everything must end, and come to rest.
    scene.overtake = () => {}
    await play(scene, sessions)
    const hint = 'WXSESSION_SEED=' + seed
    assert.deepEqual(scene.broken, [], hint)
    for (const call of scene.calls) assert.ok(allowed.includes(call.outcome), call.name + ' ended with "' + call.outcome + '", ' + hint)
    assert.equal(scene.timers.size, 0, hint)
    scene.faults = weather.fine
    for (const session of sessions) {
      let result = null
      session.request({ url: '/api/me' }).then(res => { result = res }, err => { result = err })
      for (let steps = 0; !result && steps < 500; steps++) {
        scene.step(true)
        await tick()
      }
      assert.equal(result && result.statusCode, 200, 'in fine weather it works again; ' + hint)
      assert.equal(result.data.token, session.token)
    }
  }
})
