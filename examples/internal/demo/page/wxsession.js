// The mini program's half of wxsession: logs in with wx.login, keeps the token,
// sends it with every request, and logs in again where the server wants it.
// Copy it, or install wxsession-client. Plain ES2017 without async functions,
// for base library 2.10 and newer. MIT licence.

'use strict'

// The server's codes for the statuses that concern the session. A reply without
// one is the application's own; but a download's body is in a file, so that the
// first code stands for its status.
const CODES = {
  401: ['invalid_session', 'no_session', 'session_revoked', 'session_key_expired', 'invalid_ticket'],
  429: ['rate_limited'],
  503: ['store_unavailable', 'wechat_unavailable', 'app_unavailable']
}

class WXSessionError extends Error {
  constructor(code, message, details) {
    super(message)
    this.name = 'WXSessionError'
    this.code = code
    this.status = 0 // no reply
    this.retryAfter = undefined
    Object.assign(this, details)
  }
}

function createSession(settings) {
  const options = settings || {}
  const base = parseBase(options.baseUrl)
  const routes = base + parsePrefix(options.prefix)
  const platform = options.platform || (typeof wx === 'undefined' ? null : wx)
  const storageKey = options.storageKey || 'wxsession'
  const timeout = positive(options.timeout) || 10000
  const retries = options.retries >= 0 ? number(options.retries) : 2
  if (!platform || !platform.request) throw badRequest('platform must be like wx')

  // A life goes from one logout to the next. Whatever waits belongs to one and
  // ends with it.
  let life = newLife()
  // A grant is a token with its figures, and the number of the login behind it.
  let grant = null
  let logins = 0
  let flight = null // the login that all wait for
  let rotation = null // the rotation that all wait for
  let failures = 0 // logins that failed
  let lastFailure = null
  let asking = null // the wx.login under way
  let lastTurn = Promise.resolve()

  const dead = Object.create(null) // tokens that were refused or logged out
  const secrets = [] // tokens and codes that no error may show
  const listeners = { login: [], logout: [], error: [] }

  // --- storage. It may fail at any time: that costs the next start a login.

  function load() {
    try {
      const kept = platform.getStorageSync(storageKey)
      return kept && isToken(kept.token) ? kept : null
    } catch (e) {
      return null
    }
  }

  function save() {
    try {
      platform.setStorageSync(storageKey, Object.assign({ token: grant.token }, figures(grant)))
    } catch (e) {
      erase() // an older token must not come back at the next start
    }
  }

  function erase() {
    try {
      platform.removeStorageSync(storageKey)
    } catch (e) { /* dead has what was logged out */ }
  }

  // What another page or instance has stored; null where that is no news.
  function newer() {
    const kept = load()
    if (!kept || dead[kept.token] || (grant && kept.token === grant.token)) return null
    return newGrant(kept.token, kept.expiresIn, kept.lifetime, ++logins, true)
  }

  function newGrant(token, expiresIn, lifetime, login, stored) {
    conceal(token)
    return { token, expiresIn: number(expiresIn), lifetime: number(lifetime), login, stored }
  }

  function current() {
    grant = grant || newer()
    return grant
  }

  // --- the platform

  // A call of the platform, by callbacks or by the promise that it returns. One
  // that resolves with nothing says nothing, but for checkSession's.
  function invoke(name, args, success, fail) {
    const task = platform[name](Object.assign({}, args, { success, fail }))
    if (task && task.then) task.then(res => { if (res || name === 'checkSession') success(res) }, fail)
    return task
  }

  // Waits for what start begins, until the deadline or the next logout. start may
  // return a task to abort.
  function within(mine, ms, start) {
    return new Promise((resolve, reject) => {
      let task
      const timer = setTimeout(() => end(new WXSessionError('timeout', 'no answer within ' + ms + ' ms')), ms)
      function settle(fn, value) {
        clearTimeout(timer)
        mine.stops.delete(end)
        fn(value)
      }
      function end(err) {
        settle(reject, err)
        try { task.abort() } catch (e) { /* it has none */ }
      }
      mine.stops.add(end)
      if (mine.over) return end(loggedOut())
      try {
        task = start(value => settle(resolve, value), err => settle(reject, err))
      } catch (e) {
        settle(reject, e)
      }
    })
  }

  function pause(mine, ms) {
    return within(mine, ms, nothing).then(nothing, err => {
      if (err.code !== 'timeout') throw err
    })
  }

  // One request, upload or download; resolves with every reply.
  function exchange(mine, api, args) {
    const ms = positive(args.timeout) || timeout
    return within(mine, ms, (ok, fail) => invoke(api, Object.assign({}, args, { timeout: ms }), ok, fail)).then(res => {
      const statusCode = number(res && res.statusCode) // some give it as a string
      if (!statusCode) throw badReply('the platform gave no status', 0)
      return Object.assign({}, res, { statusCode })
    }, err => {
      if (err instanceof WXSessionError) throw err
      const text = textOf(err) || api + ' failed'
      throw new WXSessionError(/timed?[ _-]?out/i.test(text) ? 'timeout' : 'network', clean(text))
    })
  }

  // Logins and rotations wait for each other's answer, so that the token which
  // comes last is the one that the server issued last.
  function inTurn(work) {
    const turn = lastTurn.then(work)
    lastTurn = turn.then(nothing, nothing)
    return turn
  }

  // --- errors

  function conceal(secret) {
    if (secrets.indexOf(secret) < 0) secrets.push(secret)
  }

  function clean(text) {
    return secrets.reduce((left, secret) => left.split(secret).join('***'), String(text))
  }

  function failure(res, api) {
    const status = res.statusCode
    const body = bodyOf(res.data) || {}
    // The application's own codes pass, but not as an outage.
    const code = status === 429 || status === 503 || !body.error ? 'bad_reply' : clean(body.error)
    return new WXSessionError(ours(res, api) || code, clean(body.message || 'the server answered ' + status), {
      status,
      retryAfter: retryAfter(res),
      errcode: body.errcode,
      rid: body.rid
    })
  }

  // --- logging in

  // wx.login cannot be called off. One that a logout has left behind serves the
  // next login, so that there are never two of them.
  function loginCode(mine) {
    if (!asking) {
      const promise = asking = new Promise((resolve, reject) => invoke('login', {}, resolve, reject))
      const forget = () => { if (asking === promise) asking = null }
      promise.then(forget, forget)
    }
    const asked = asking
    return within(mine, timeout, (ok, fail) => { asked.then(ok, fail) }).then(res => {
      if (!res || typeof res.code !== 'string' || !res.code) throw new WXSessionError('login_failed', 'wx.login gave no code')
      conceal(res.code)
      return res.code
    }, err => {
      if (!(err instanceof WXSessionError)) {
        throw new WXSessionError('login_failed', clean(textOf(err) || 'wx.login failed'), { errcode: err && err.errno })
      }
      if (err.code === 'timeout' && asking === asked) asking = null // it may never answer
      throw err
    })
  }

  // What the application adds to a login. It may ask the user, take its time or
  // fail: the login does not depend on it.
  function profileOf(mine) {
    if (!options.profile) return Promise.resolve({})
    return within(mine, timeout, (ok, fail) => { Promise.resolve(options.profile()).then(ok, fail) }).then(given => {
      const p = given || {}
      return Object.assign({}, p.rawData && p.signature && { rawData: p.rawData, signature: p.signature },
        p.encryptedData && p.iv && { encryptedData: p.encryptedData, iv: p.iv })
    }, () => ({}))
  }

  function postLogin(mine, code, profile) {
    const data = Object.assign({ code }, profile)
    const device = label(typeof options.device === 'string' ? options.device : deviceOf(platform))
    if (options.appid) data.appid = options.appid
    if (device) data.device = device
    return inTurn(() => exchange(mine, 'request', { url: routes + '/login', method: 'POST', data }).then(res => {
      if (res.statusCode === 200) accept(mine, res, ++logins)
      return res
    }))
  }

  // Takes the token of a login or a rotation.
  function accept(mine, res, login) {
    const body = answer(res)
    const token = body['3rd_session']
    if (!isToken(token)) throw badReply('no 3rd_session')
    if (mine.over) throw loggedOut()
    grant = newGrant(token, body.expires_in, body.lifetime, login)
    save()
  }

  // Each try begins with a new wx.login: any reply but 200 may have consumed
  // the code.
  function tryLogin(mine, way) {
    if (mine.over) return Promise.reject(loggedOut())
    const kept = way.force ? null : newer()
    if (kept) {
      grant = kept
      return Promise.resolve(grant)
    }
    return loginCode(mine).then(code => {
      way.profile = way.profile || profileOf(mine)
      return way.profile.then(profile => postLogin(mine, code, profile))
    }).then(res => {
      if (mine.over) throw loggedOut()
      if (res.statusCode === 200) {
        emit('login', figures(grant))
        return grant
      }
      const err = failure(res)
      if ((err.code === 'invalid_code' || err.code === 'code_used') && !way.secondCode) {
        way.secondCode = true
        return tryLogin(mine, way)
      }
      if (!ours(res) || way.pauses >= retries) throw err
      return pause(mine, delay(err.retryAfter, way.pauses++)).then(() => tryLogin(mine, way))
    })
  }

  // The one login that all who need one share, its failure included.
  function login(mine, force) {
    if (mine.over) return Promise.reject(loggedOut())
    if (flight) {
      flight.force = flight.force || force
      return flight.promise
    }
    const way = flight = { force, pauses: 0, promise: null }
    const end = () => { if (flight === way) flight = null }
    way.promise = tryLogin(mine, way)
    way.promise.then(end, err => {
      end()
      failures++
      lastFailure = err
    })
    return way.promise
  }

  function obtain(mine) {
    const held = current()
    return held && !dead[held.token] ? Promise.resolve(held) : login(mine)
  }

  // --- calls with a token

  function newCall(api, args, again) {
    return {
      api,
      again, // once more where the network failed: nothing can happen twice
      pauses: 0,
      send: (mine, sent) => exchange(mine, api, Object.assign({}, args, { header: withToken(args.header, sent.token) }))
    }
  }

  function applicationCall(api, given) {
    const args = Object.assign({}, given)
    delete args.complete // it would be called for each try
    args.url = absolute(base, args.url)
    if (api === 'request') args.method = String(args.method || 'GET').toUpperCase()
    return newCall(api, args, api === 'downloadFile' || args.method === 'GET' || args.method === 'HEAD')
  }

  function routeCall(method, path, data) {
    return newCall('request', Object.assign({ url: routes + path, method }, data && { data }), method === 'GET')
  }

  // Sends a call with one token until there is an answer other than 503 and 429.
  function persist(mine, call, sent) {
    return call.send(mine, sent).then(res => {
      if (!res || res.statusCode === 401 || !ours(res, call.api)) return res
      const err = failure(res, call.api)
      if (call.pauses >= retries) throw err
      return pause(mine, delay(err.retryAfter, call.pauses++)).then(() => persist(mine, call, sent))
    }, err => {
      if (err.code !== 'network' || !call.again) throw err
      call.again = false
      return persist(mine, call, sent)
    })
  }

  // Sends a call with the session's token, and cures a 401. The second is final,
  // unless a token that another instance stored has a part in it.
  function converse(mine, call) {
    let refusals = 0
    function round() {
      return obtain(mine).then(sent => {
        const before = failures
        return persist(mine, call, sent).then(res => {
          if (!res) return round() // sent was replaced before its turn
          const code = ours(res, call.api)
          if (!code) return res
          bury(sent, code)
          refusals++
          if (refusals > 2 || (refusals === 2 && !sent.stored && !newer())) throw failure(res, call.api)
          return renew(mine, sent, code, before, refusals === 2 && sent.stored).then(round)
        })
      })
    }
    return round()
  }

  function bury(sent, code) {
    if (code !== 'session_key_expired') dead[sent.token] = true
  }

  // What others have got since sent was, be it a failure; else a login.
  function renew(mine, sent, code, before, force) {
    if (grant && !dead[grant.token]) {
      // A rotation brings another token, and the same session_key.
      if (code === 'session_key_expired' ? grant.login !== sent.login : grant !== sent) return Promise.resolve()
    }
    return failures !== before ? Promise.reject(lastFailure) : login(mine, force)
  }

  function route(mine, method, path, data) {
    return converse(mine, routeCall(method, path, data)).then(answer)
  }

  // The object in a session route's reply; throws what is no success.
  function answer(res) {
    if (res.statusCode < 200 || res.statusCode > 299) throw failure(res)
    const body = res.statusCode === 204 ? {} : bodyOf(res.data)
    if (!body) throw badReply('not a JSON object', res.statusCode)
    return body
  }

  function rotate(mine) {
    const call = routeCall('POST', '/rotate')
    const send = call.send
    // With a token that was replaced, the server would take it for a theft.
    call.send = (m, sent) => inTurn(() => grant !== sent ? null : send(m, sent).then(res => {
      if (res.statusCode === 200) accept(m, res, sent.login)
      return res
    }))
    grant = newer() || grant
    return converse(mine, call).then(res => figures(answer(res) && grant))
  }

  function keyHolds(mine) {
    if (!platform.checkSession) return Promise.resolve(true)
    return within(mine, timeout, (ok, fail) => invoke('checkSession', {}, ok, fail)).then(() => true, err => {
      if (err instanceof WXSessionError) throw err
      return false
    })
  }

  function check(mine, held, deep) {
    return (deep ? keyHolds(mine) : Promise.resolve()).then(holds =>
      persist(mine, routeCall('GET', deep ? '/check?deep=1' : '/check'), held).then(res => {
        const code = ours(res)
        if (code) {
          bury(held, code)
          return false
        }
        const body = answer(res)
        if (!deep) return true
        if (typeof body.session_key_valid !== 'boolean') throw badReply('no session_key_valid')
        return holds && body.session_key_valid
      })
    )
  }

  // Forgets the token before anything else, and then tells the server. Nothing
  // that happens later ends this call.
  function logout(all) {
    const held = current()
    const old = life
    const ends = Array.from(old.stops)
    life = newLife()
    grant = flight = rotation = null
    if (held) dead[held.token] = true
    erase()
    old.over = true
    ends.forEach(end => end(loggedOut()))
    if (held || ends.length) emit('logout')
    return run(mine => {
      if (!held && all) throw new WXSessionError('no_session', 'only a session can end the others')
      return held && persist(mine, routeCall('POST', all ? '/logout?all=1' : '/logout'), held).then(res => {
        if (!ours(res)) answer(res) // a dead token is logged out
      })
    }, newLife()).then(nothing)
  }

  // --- the outside

  function emit(event, value) {
    listeners[event].slice().forEach(listener => {
      try {
        const promise = listener(value)
        if (promise && promise.then) promise.then(nothing, nothing)
      } catch (e) { /* a listener's trouble is its own */ }
    })
  }

  // Every method goes through here: what a logout has overtaken must not
  // resolve, and each failure is told once.
  function run(work, own) {
    const mine = own || life
    return new Promise((resolve, reject) => {
      function fail(cause) {
        const err = mine.over ? loggedOut() : cause instanceof WXSessionError ? cause : badRequest(clean(textOf(cause)))
        reject(err)
        emit('error', err)
      }
      new Promise(start => start(work(mine))).then(value => mine.over ? fail() : resolve(value), fail)
    })
  }

  return {
    get token() {
      return current() ? grant.token : ''
    },

    login(how) {
      return run(mine => (how && how.force ? login(mine, true) : obtain(mine)).then(figures))
    },

    request(args) {
      return run(mine => converse(mine, applicationCall('request', args)))
    },

    upload(args) {
      return run(mine => converse(mine, applicationCall('uploadFile', args)).then(res => {
        const data = parse(res.data)
        return data === undefined ? res : Object.assign(res, { data })
      }))
    },

    download(args) {
      return run(mine => converse(mine, applicationCall('downloadFile', args)))
    },

    check(how) {
      return run(mine => current() ? check(mine, grant, !!(how && how.deep)) : false)
    },

    logout(how) {
      return logout(!!(how && how.all))
    },

    sessions() {
      return run(mine => route(mine, 'GET', '/sessions').then(body => {
        if (!Array.isArray(body.sessions)) throw badReply('no sessions')
        return body.sessions.map(s => ({
          id: s.id,
          createdAt: date(s.created_at),
          lastSeen: date(s.last_seen),
          device: s.device,
          current: s.current
        }))
      }))
    },

    revoke(id) {
      return run(mine => route(mine, 'DELETE', '/sessions/' + segment(id)).then(nothing))
    },

    rotate() {
      return run(mine => {
        if (rotation) return rotation
        const promise = rotation = rotate(mine)
        const end = () => { if (rotation === promise) rotation = null }
        promise.then(end, end)
        return promise
      })
    },

    phone(code) {
      return run(mine => {
        conceal(segment(code) && code)
        return route(mine, 'POST', '/phone', { code })
      })
    },

    ticket(to) {
      return run(mine => route(mine, 'POST', '/ticket', to === undefined ? {} : { to }).then(body => {
        if (!/^\/(?![/\\])/.test(body.url)) throw badReply('no path')
        return base + body.url
      }))
    },

    scan(id, action) {
      return run(mine => route(mine, 'POST', '/scan/' + segment(id), { action }).then(body => ({
        state: body.state,
        browser: body.browser,
        ip: body.ip,
        createdAt: date(body.created_at)
      })))
    },

    on(event, listener) {
      const list = listeners[event]
      if (!Array.isArray(list) || typeof listener !== 'function') throw badRequest('no such event, or no function')
      const entry = value => listener(value)
      list.push(entry)
      return () => {
        const at = list.indexOf(entry)
        if (at >= 0) list.splice(at, 1)
      }
    }
  }
}

function nothing() {}

function newLife() {
  return { over: false, stops: new Set() }
}

function loggedOut() {
  return new WXSessionError('no_session', 'logged out meanwhile')
}

function badRequest(message) {
  return new WXSessionError('bad_request', message)
}

function badReply(message, status = 200) {
  return new WXSessionError('bad_reply', message, { status })
}

function number(value) {
  return isFinite(value) ? Number(value) : 0
}

function positive(value) {
  return value > 0 ? number(value) : 0
}

function date(seconds) {
  return new Date(seconds * 1000)
}

function figures(grant) {
  return { expiresIn: grant.expiresIn, lifetime: grant.lifetime }
}

function isToken(value) {
  return typeof value === 'string' && /^[!-~]+$/.test(value)
}

function textOf(err) {
  return String((err && (err.errMsg || err.message)) || '')
}

function segment(id) {
  if (typeof id !== 'string' || !id) throw badRequest('a string is missing')
  return encodeURIComponent(id)
}

function parseBase(text) {
  if (!/^https?:\/\/[^/?#@\\\s]+(\/[^?#\\\s]*)?$/i.test(text)) {
    throw badRequest('baseUrl must be like https://your.host')
  }
  return text.replace(/\/+$/, '')
}

function parsePrefix(text = 'wx') {
  const path = text.replace(/^\/+|\/+$/g, '')
  return path && '/' + path
}

// The URL that a call goes to, and the token with it: under baseUrl, however it
// is spelt.
function absolute(base, url) {
  const text = typeof url === 'string' ? url : ''
  const under = text.indexOf(base) === 0 && /^([/?#]|$)/.test(text.slice(base.length))
  const rest = under ? text.slice(base.length) : text.replace(/^(?![/?#])/, '/')
  const path = rest.split(/[?#]/)[0]
  if (!text || (!under && /^[a-z][a-z0-9+.-]*:/i.test(text)) || /\\|[\0-\x1f]|^\/\/|(^|\/)(\.|%2e){2}(\/|$)/i.test(path)) {
    throw badRequest('url must be a path, or a URL under baseUrl')
  }
  return base + rest
}

// Where Authorization holds something else than a Bearer token, for a gateway,
// the server reads X-WX-Session.
function withToken(header, token) {
  const all = Object.assign({}, header)
  let claimed = false
  Object.keys(all).forEach(name => {
    const lower = name.toLowerCase()
    const bearer = lower === 'authorization' && /^bearer\b/i.test(all[name])
    if (bearer || lower === 'x-wx-session') delete all[name]
    else if (lower === 'authorization') claimed = true
  })
  return Object.assign(all, claimed ? { 'X-WX-Session': token } : { Authorization: 'Bearer ' + token })
}

// The code with which the session's server refuses a call: 401, 429 or 503.
// '' for what is the application's own.
function ours(res, api) {
  const codes = CODES[res.statusCode]
  if (!codes) return ''
  if (api === 'downloadFile') return codes[0]
  const code = (bodyOf(res.data) || {}).error
  return codes.indexOf(code) >= 0 ? code : ''
}

// Retry-After in seconds; it may be a date.
function retryAfter(res) {
  const header = res.header || {}
  const name = Object.keys(header).filter(key => key.toLowerCase() === 'retry-after')[0]
  const text = String(header[name]).trim()
  if (/^\d+$/.test(text)) return Number(text)
  const at = /^[A-Z][a-z]+, /.test(text) ? Date.parse(text) : NaN
  return isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1000))
}

// In ms: never less than the server asked for, nor the same for all clients.
function delay(seconds, pauses) {
  const ms = 1000 * (seconds === undefined ? Math.pow(2, pauses) : seconds)
  return Math.min(30000, ms * (1 + Math.random() / 4))
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch (e) {
    return undefined
  }
}

// The object in a body, in whichever form the caller wanted it.
function bodyOf(data) {
  let body = data
  if (Object.prototype.toString.call(data) === '[object ArrayBuffer]') {
    body = String.fromCharCode.apply(null, new Uint8Array(data.slice(0, 4096))) // codes are ASCII
  }
  if (typeof body === 'string') body = parse(body)
  return body && typeof body === 'object' ? body : null
}

function deviceOf(platform) {
  try {
    const info = platform.getDeviceInfo()
    return [info.model, info.system].filter(Boolean).join(', ')
  } catch (e) {
    return ''
  }
}

// The server refuses a login whose label is not printable or over 128 bytes.
function label(text) {
  const unprintable = /[\0-\x1f\x7f-\xa0\xad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufeff\ufff0-\ufffb\uffff]/
  let cut = ''
  let bytes = 0
  for (const char of text) {
    const point = char.codePointAt(0)
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
    if (bytes > 128) break
    cut += char.length === 1 && unprintable.test(char) ? ' ' : char
  }
  return cut.trim()
}

module.exports = { createSession, WXSessionError }
