'use strict'

// A scene of the race tests: a platform and a server in memory, whose every
// answer waits until the scheduler picks it, in an order that a seed decides.
// Time is virtual: it goes on when a timer is picked.

const { loadClient } = require('./runtime.js')

const TIMEOUT = 10000

// mulberry32: small, seeded, good enough to choose orders.
function randomOf(seed) {
  let a = seed >>> 0
  const next = () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { next, below: n => Math.floor(next() * n), chance: p => next() < p, pick: list => list[Math.floor(next() * list.length)] }
}

// The client is loaded once; its timers go to the scene that plays.
let playing = null
const client = loadClient({
  setTimeout: (fn, ms) => playing.setTimer(fn, ms),
  clearTimeout: id => playing.timers.delete(id)
})

class Scene {
  constructor(seed, faults) {
    this.random = randomOf(seed)
    this.faults = faults // probabilities: slow, busy, lost, hang, badCode, revoke
    this.now = 0
    this.timers = new Map()
    this.lastTimer = 0
    this.events = [] // what may happen next, each a function
    this.issued = 0 // tokens so far; their names count
    this.alive = new Set()
    this.storage = new Map()
    this.logins = [] // every wx.login: { at, over }
    this.loginPosts = 0 // under way now
    this.broken = [] // promises that were broken
    this.delivered = '' // the token that the server issued last, of those that arrived
    this.calls = []
    this.instances = 0
    playing = this
    client.math.random = () => this.random.next()
  }

  open() {
    this.instances++
    return client.createSession({ baseUrl: 'https://your.host', platform: this.platform(), timeout: TIMEOUT })
  }

  setTimer(fn, ms) {
    this.timers.set(++this.lastTimer, { fn, at: this.now + ms })
    return this.lastTimer
  }

  // One step: something that waits happens, or the next timer runs out. quiet:
  // nothing else is about to happen in this turn, so that time may go on.
  step(quiet) {
    const timers = [...this.timers].sort((a, b) => a[1].at - b[1].at)
    if (timers.length && ((quiet && !this.events.length) || this.random.chance(this.faults.slow))) {
      const [id, timer] = timers[0]
      this.timers.delete(id)
      this.now = Math.max(this.now, timer.at)
      timer.fn()
      return true
    }
    if (!this.events.length) return false
    this.events.splice(this.random.below(this.events.length), 1)[0]()
    return true
  }

  platform() {
    return {
      getStorageSync: key => this.storage.get(key) || '',
      setStorageSync: (key, value) => { this.storage.set(key, Object.assign({}, value)) },
      removeStorageSync: key => { this.storage.delete(key) },
      login: options => this.login(options),
      request: options => this.request(options),
      checkSession: options => { this.events.push(() => options.success({})) }
    }
  }

  login(options) {
    const call = { at: this.now, over: false }
    this.logins.push(call)
    const open = this.logins.filter(l => !l.over && this.now - l.at < TIMEOUT)
    if (open.length > this.instances) this.broken.push('two wx.login at once')
    if (this.random.chance(this.faults.hang)) return
    const fails = this.random.chance(this.faults.lost)
    this.events.push(() => {
      call.over = true
      if (fails) options.fail({ errMsg: 'login:fail' })
      else options.success({ code: 'code-' + this.logins.indexOf(call) })
    })
  }

  // A request arrives at the server at some time, and its answer at another.
  request(options) {
    const isLogin = options.url.endsWith('/wx/login')
    if (isLogin && ++this.loginPosts > this.instances) this.broken.push('two POST /wx/login at once')
    const task = { over: false }
    const settle = tell => {
      if (task.over) return
      task.over = true
      if (isLogin) this.loginPosts--
      tell()
    }
    if (!this.random.chance(this.faults.hang)) {
      this.events.push(() => {
        const reply = this.serve(options) // an aborted request may have arrived before
        const lost = this.random.chance(this.faults.lost)
        this.events.push(() => settle(() => {
          if (lost) return options.fail({ errMsg: 'request:fail errcode:-101' })
          const token = reply.data && reply.data['3rd_session']
          if (token) this.delivered = token
          options.success(reply)
        }))
      })
    }
    return { abort: () => settle(() => options.fail({ errMsg: 'request:fail abort' })) }
  }

  serve(options) {
    const path = options.url.slice('https://your.host'.length)
    const ok = data => ({ statusCode: 200, header: {}, data })
    const no = (statusCode, error, header) => ({ statusCode, header: header || {}, data: { error, message: error } })
    if (this.random.chance(this.faults.busy)) {
      return this.random.chance(0.5) ? no(503, 'store_unavailable', { 'Retry-After': '2' }) : no(429, 'rate_limited')
    }
    if (path === '/wx/login') {
      if (this.random.chance(this.faults.badCode)) return no(400, 'code_used')
      return ok(this.issue())
    }
    const token = (options.header.Authorization || '').slice('Bearer '.length)
    if (path.startsWith('/wx/logout')) {
      this.alive.delete(token)
      return { statusCode: 204, header: {}, data: '' }
    }
    if (!this.alive.has(token)) return no(401, 'invalid_session')
    if (this.random.chance(this.faults.revoke)) {
      if (this.random.chance(0.5)) return no(401, 'session_key_expired')
      this.alive.delete(token)
      return no(401, 'session_revoked')
    }
    if (path === '/wx/rotate') return ok(this.issue()) // the old token works for a while
    if (path.startsWith('/wx/check')) return ok({ expires_in: 1, lifetime: 1, session_key_valid: true })
    return ok({ token })
  }

  issue() {
    const token = 'token-' + ++this.issued
    this.alive.add(token)
    return { '3rd_session': token, expires_in: this.issued, lifetime: this.issued }
  }

  // Begins a call and notes how it ends.
  begin(name, start) {
    const call = { name, outcome: '', overtaken: false }
    this.calls.push(call)
    start().then(() => {
      call.outcome = 'resolved'
      if (call.overtaken) this.broken.push(name + ' resolved after logout()')
    }, err => {
      call.outcome = err.code
      if (!call.overtaken && err.code === 'no_session' && this.instances === 1) this.broken.push(name + ' began after logout() and ended with it')
      if (call.overtaken && err.code !== 'no_session') this.broken.push(name + ' ended with ' + err.code + ' after logout()')
    })
  }

  // A logout overtakes what is pending in the same session; call it at once.
  overtake() {
    for (const call of this.calls) if (!call.outcome && call.name !== 'logout') call.overtaken = true
    this.delivered = ''
  }
}

module.exports = { Scene }
