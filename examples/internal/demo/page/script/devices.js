// The user's devices: the list that the server gives, and the other phones that
// this page plays.

const devices = {
  lists: {}, // by user; undefined: not read yet
  others: { alice: [], bob: [] }
}

const models = [['HUAWEI Mate 60', 'HarmonyOS 4.2'], ['Xiaomi 14', 'Android 14'], ['iPad Air', 'iPadOS 17.4']]

// Reads the list for the user of the phone, if it has a token: the list alone is no
// reason to log in.
async function refreshDevices(id) {
  const phone = thePhone()
  if (!phone.session.token) {
    devices.lists[phone.user] = []
    return
  }
  phone.act = id
  try {
    devices.lists[phone.user] = await phone.session.sessions()
  } catch (err) { /* the list stays as it was */ }
}

function drawDevices() {
  const user = phoneView.user
  const list = devices.lists[user]
  $('devices-title').textContent = t('devices.title', { user })
  const ended = devices.others[user].filter(other => list && !list.some(s => s.id === other.id))
  redraw($('devices'),
    !list && h('p', { class: 'soft' }, t('devices.unknown')),
    list && list.length + ended.length === 0 && h('p', { class: 'soft' }, t('devices.none')),
    h('ul', { class: 'device-list' }, (list || []).map(drawLive), ended.map(drawEnded)),
    h('div', { class: 'row' },
      actButton('devices.second', addPhone),
      list && actButton('devices.refresh', () => act(thePhone(), 'devices.refresh', 'session.sessions()', () => thePhone().session.sessions().then(() => undefined))),
      thePhone().session.token && actButton('devices.all', () => act(thePhone(), 'devices.all', 'session.logout({ all: true })', () => thePhone().session.logout({ all: true })), { class: 'danger' })))
}

function drawLive(session) {
  const other = devices.others[phoneView.user].find(o => o.id === session.id)
  const device = deviceName(session.device)
  return h('li', { class: 'device' },
    h('div', { class: 'about' },
      h('strong', { translate: 'no' }, device), ' ', session.current && h('span', { class: 'badge', 'data-tone': 'good' }, t('devices.this')),
      h('span', { class: 'soft' }, t('devices.times', { created: agoText(session.createdAt), seen: agoText(session.lastSeen) })),
      other && other.answer && h('span', { class: 'answer', 'data-tone': other.answer.tone }, t(other.answer.key, other.answer.values))),
    h('div', { class: 'row' },
      other && actButton('devices.use', () => usePhone(other), { 'aria-label': t('devices.use.label', { device }), 'data-focus': 'use ' + session.id }),
      !session.current && actButton('devices.end', () => revoke(session.id, device), { class: 'danger', 'aria-label': t('devices.end.label', { device }), 'data-focus': 'end ' + session.id })))
}

// The label of a hand-over is "web", that of a website login the browser's.
function deviceName(label) {
  return label === 'web' ? t('devices.web') : browserName(label) || t('devices.unnamed')
}

function drawEnded(other) {
  return h('li', { class: 'device ended' },
    h('div', { class: 'about' },
      h('strong', { translate: 'no' }, other.label), ' ', h('span', { class: 'badge', 'data-tone': 'refused' }, t('devices.ended')),
      other.refused ? h('span', { class: 'answer', 'data-tone': other.answer.tone }, t(other.answer.key, other.answer.values)) : h('span', { class: 'soft' }, t('devices.holds'))),
    h('div', { class: 'row' },
      other.refused ? actButton('phone.relogin', () => signIn(other), { 'data-focus': 'use ' + other.id })
        : actButton('devices.use', () => usePhone(other), { 'aria-label': t('devices.use.label', { device: other.label }), 'data-focus': 'use ' + other.id })))
}

// Another phone of the same user. It asks its user before it signs in again, so
// that a refusal can be seen.
async function addPhone() {
  const others = devices.others[phoneView.user]
  const [model, system] = models[others.length % models.length]
  const other = waitsOf(createPhone(phoneView.user, 'phone' + (others.length + 2), model, system))
  other.session.logout().catch(() => {}) // what an earlier visit of this tab has left
  const result = await signIn(other)
  if (result && !result.err) {
    others.push(other)
    drawActs()
  }
  return other
}

function signIn(other) {
  const login = () => {
    other.agrees = true
    return other.session.login({ force: true }).finally(() => { other.agrees = false })
  }
  return act(other, 'act.second', 'session.login()', login, { device: other.label }, async id => {
    Object.assign(other, { refused: false, answer: null, act: id })
    const list = await other.session.sessions().catch(() => [])
    other.id = (list.find(s => s.current) || {}).id
  })
}

async function usePhone(other) {
  const result = await act(other, 'act.use', "session.request({ url: '/api/me' })", () => other.session.request({ url: '/api/me' }), { device: other.label })
  if (!result) return undefined
  const refusal = result.refusals[0]
  other.refused = Boolean(result.err) && refusal !== undefined && refusal.status === 401
  other.answer = refusal && result.err ? { tone: 'refused', key: 'devices.refused', values: refusal } : { tone: 'good', key: 'devices.answered' }
  drawActs()
  return result
}

function revoke(id, device) {
  return act(thePhone(), 'act.revoke', 'session.revoke(id)', () => thePhone().session.revoke(id), { device })
}
