// The phone: a mini program of one page.

const phoneView = {
  user: 'alice',
  phones: {}, // by user
  about: {}, // what the mini program knows of its session, by user
  camera: '', // the id of the code that is in front of it
  sheets: {}, // the website login that waits for its user, by user
  url: '' // of the web-view
}

const userKey = 'wxsession-page-user'

function startPhone() {
  for (const user of ['alice', 'bob']) {
    const phone = waitsOf(createPhone(user, 'phone', 'iPhone 15', 'iOS 17.4'))
    phone.session.on('login', figures => { phoneView.about[user] = figures })
    phone.session.on('logout', () => { phoneView.about[user] = null })
    phoneView.phones[user] = phone
  }
  phoneView.user = sessionStorage.getItem(userKey) === 'bob' ? 'bob' : 'alice'
  $('phone-home').append(
    h('div', { id: 'phone-users', class: 'segments users', role: 'group', 'data-t-label': 'phone.user' }),
    h('div', { id: 'phone-card', class: 'me' }),
    h('div', { id: 'phone-sheet', class: 'sheet', hidden: true, tabindex: '-1' }),
    h('div', { id: 'phone-buttons', class: 'actions', role: 'group', 'data-t-label': 'phone.actions' }),
    h('div', { id: 'phone-result', class: 'result', role: 'status' }))
  translate($('phone-home'))
  $('phone-back').addEventListener('click', closeWeb)
  drawPhoneClock()
  setInterval(drawPhoneClock, 1000)
}

function drawPhoneClock() {
  $('phone-clock').textContent = clockText(clockNow()).slice(0, 5)
}

function thePhone() {
  return phoneView.phones[phoneView.user]
}

function chooseUser(user) {
  if (acts.busy) return
  sessionStorage.setItem(userKey, user)
  phoneView.user = user
  closeWeb()
  drawActs()
}

function drawPhone() {
  $('phone-page').textContent = t(phoneView.url ? 'phone.web' : 'phone.home')
  $('phone-back').hidden = !phoneView.url
  $('phone-home').hidden = Boolean(phoneView.url)
  $('phone-web').hidden = !phoneView.url
  redraw($('phone-users'), ['alice', 'bob'].map(user => h('button', {
    type: 'button', translate: 'no', 'aria-pressed': String(user === phoneView.user), 'aria-disabled': acts.busy ? 'true' : undefined,
    'data-focus': user, click: () => chooseUser(user)
  }, user)))
  redraw($('phone-card'), drawCard())
  drawSheet()
  redraw($('phone-buttons'), phoneActions().map(([key, source, work, properties]) => actButton(key, () => act(thePhone(), key, source, work), properties)))
  redraw($('phone-result'), drawResult())
}

function drawCard() {
  const token = thePhone().session.token
  const about = phoneView.about[phoneView.user]
  return [
    h('span', { class: 'avatar', 'aria-hidden': 'true', translate: 'no', 'data-user': phoneView.user }, phoneView.user.slice(0, 1).toUpperCase()),
    h('div', { class: 'who' },
      h('strong', {}, t(token ? 'phone.in' : 'phone.out')),
      token ? h('span', { class: 'soft' }, t('phone.token') + ' ', h('code', { id: 'phone-token', translate: 'no', title: token }, token.slice(0, 10) + '…'))
        : h('span', { class: 'soft' }, t('phone.out.hint')),
      token && about && h('span', { class: 'soft' }, t('phone.life', { idle: durationText(about.expiresIn), life: durationText(about.lifetime) })))
  ]
}

// The buttons: text, the line of code behind it, what it does.
function phoneActions() {
  const phone = thePhone()
  const { session } = phone
  const { routes, prefix } = server.state
  const me = () => session.request({ url: '/api/me' })
  return [
    !session.token && ['phone.login', 'session.login()', () => session.login(), { class: 'primary' }],
    ['phone.api', "session.request({ url: '/api/me' })", me, session.token && { class: 'primary' }],
    ['phone.decrypt', "session.request({ url: '/api/decrypt', method: 'POST', data })", () => decrypt(phone)],
    routes.phone && ['phone.number', 'session.phone(code)', () => devtool(phone, '/devtools/phonecode').then(reply => session.phone(reply.code))],
    ['phone.check', 'session.check({ deep: true })', () => session.check({ deep: true })],
    session.token && ['phone.rotate', 'session.rotate()', () => session.rotate()],
    routes.ticket && routes.enter && ['phone.webview', "session.ticket('/?view=h5')", () => openWeb(phone)],
    routes.scan && phoneView.camera && ['phone.scan', "session.scan(id, 'scan')", () => scan(phone)],
    routes.token && ['phone.jwt', "session.request({ url: '" + prefix + "/token', method: 'POST' })", () => askToken(phone)],
    session.token && ['phone.relogin', 'session.login({ force: true })', () => session.login({ force: true })],
    session.token && ['phone.logout', 'session.logout()', () => session.logout()]
  ].filter(Boolean)
}

// The mini program signs in first: what WeChat encrypts needs the session_key of
// a login, and a later one may replace it.
async function decrypt(phone) {
  await phone.session.login()
  const data = await devtool(phone, '/devtools/encrypt')
  return phone.session.request({ url: '/api/decrypt', method: 'POST', data })
}

function drawResult() {
  const phone = thePhone()
  const under = acts.busy && acts.phone === phone
  const result = phone.result
  const source = phone.source && h('p', { class: 'source-line' }, code(phone.source))
  if (under) return [source, h('p', { class: 'outcome', 'data-tone': acts.waiting ? 'bad' : 'plain' }, acts.waiting ? t('phone.waiting', { ...acts.waiting, seconds: acts.waiting.wait }) : t('phone.busy'))]
  if (!result) return []
  const below = h('p', { class: 'below' }, h('a', { href: '#sequence' }, t('phone.below')))
  return [source, ...(result.err ? drawFailure(result) : drawSuccess(result)), below]
}

function drawFailure(result) {
  const { err } = result
  return [
    h('p', { class: 'outcome', 'data-tone': err.status === 503 || !err.status ? 'bad' : 'refused' }, code([err.status, err.code].filter(Boolean).join(' ')), ' ', failureText(err)),
    result.kept && h('p', { class: 'note-line' }, t('phone.kept'))
  ]
}

function drawSuccess(result) {
  const { value, refusals } = result
  const cured = refusals.find(r => r.status === 401)
  const tries = refusals.filter(r => r.status === 503 || r.status === 429).length
  return [
    value === true && h('p', { class: 'outcome', 'data-tone': 'good' }, t('phone.valid')),
    value === false && h('p', { class: 'outcome', 'data-tone': 'refused' }, t('phone.invalid')),
    value === undefined && h('p', { class: 'outcome', 'data-tone': 'good' }, t(result.forgotten ? 'phone.gone' : 'phone.done')),
    value && value !== true && h('pre', { 'data-tone': 'good', translate: 'no' }, resultText(value)),
    cured && h('p', { class: 'note-line' }, t('phone.cured', { code: cured.code })),
    tries > 0 && result.kept && h('p', { class: 'note-line' }, t('phone.retried', { n: tries }))
  ]
}

function resultText(value) {
  return value.statusCode ? value.statusCode + ' ' + JSON.stringify(value.data, null, 1) : JSON.stringify(value, null, 1)
}
