// A wx made of fetch: the calls of WeChat's that the client uses, with WeChat's
// manners. The client in it is client/wxsession.js, the same as in a mini program.

const { createSession } = module.exports

const pageId = Math.random().toString(36).slice(2, 8)

// A phone of somebody. act is what its user is doing; counts tells how many
// requests were answered for each act.
function createPhone(user, name, model, system) {
  const phone = { user, name, model, system, act: '', counts: {}, refusals: [], waits: [], logins: 0, agrees: true, token: '' }
  phone.label = model + ', ' + system
  phone.wx = createWX(phone)
  phone.session = createSession({ baseUrl: location.origin, prefix: server.state.prefix || '/', platform: phone.wx, storageKey: name + '-' + user })
  phone.session.on('login', () => phone.logins++)
  return phone
}

function createWX(phone) {
  return {
    login({ success, fail }) {
      if (!phone.agrees) return fail({ errMsg: 'login:fail the user does not want to' })
      devtool(phone, '/devtools/code').then(reply => success({ code: reply.code, errMsg: 'login:ok' }), err => fail({ errMsg: 'login:fail ' + err.message }))
    },

    request(options) {
      const stop = new AbortController()
      exchange(phone, options, stop.signal).then(
        res => options.success(res),
        err => options.fail({ errMsg: 'request:fail ' + err.message }))
      return { abort: () => stop.abort() }
    },

    getDeviceInfo: () => ({ model: phone.model, system: phone.system }),

    // A tab is a phone: another tab has a storage of its own.
    getStorageSync: key => JSON.parse(sessionStorage.getItem(key) || '""'),
    setStorageSync: (key, value) => sessionStorage.setItem(key, JSON.stringify(value)),
    removeStorageSync: key => sessionStorage.removeItem(key)
  }
}

// Any status is a success, and there are no cookies, as with wx.request.
async function exchange(phone, options, signal) {
  const method = options.method || 'GET'
  const header = Object.assign({ 'content-type': 'application/json' }, options.header)
  const reads = method === 'GET' || method === 'HEAD'
  const url = reads && options.data ? options.url + '?' + new URLSearchParams(options.data) : options.url
  const body = reads || options.data === undefined ? undefined : typeof options.data === 'string' ? options.data : JSON.stringify(options.data)
  const act = phone.act
  const reply = await fetch(url, {
    method, body, signal, credentials: 'omit', cache: 'no-store',
    headers: Object.assign(header, { 'X-Demo': act + ' ' + phone.name })
  })
  const text = await reply.text()
  count(phone, act)
  note(phone, reply, text)
  return { statusCode: reply.status, data: parsed(text), header: Object.fromEntries(reply.headers), cookies: [], errMsg: 'request:ok' }
}

function count(phone, act) {
  phone.counts[act] = (phone.counts[act] || 0) + 1
}

// Remembers what the client deals with on its own, to tell the user.
function note(phone, reply, text) {
  const code = (parsed(text) || {}).error
  if (!code) return
  phone.refusals.push({ status: reply.status, code })
  const wait = Number(reply.headers.get('Retry-After'))
  for (const listener of phone.waits) listener({ status: reply.status, code, wait })
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch (err) {
    return text
  }
}

// What WeChat on the phone would give the mini program.
async function devtool(phone, path) {
  const act = phone.act
  const reply = await fetch(path + '?user=' + phone.user, { credentials: 'omit', headers: { 'X-Demo': act + ' ' + phone.name } })
  count(phone, act)
  if (!reply.ok) throw new Error('status ' + reply.status)
  return reply.json()
}
