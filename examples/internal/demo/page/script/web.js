// What needs further routes: the web-view, website login, signed tokens.

// The hand-over: the ticket opens the web-view, which then has a session of its
// own.
async function openWeb(phone) {
  const to = '/?view=h5&lang=' + language.now + '&act=' + phone.act
  const url = await phone.session.ticket(to)
  phoneView.url = url
  sequence.webView = phone.act
  $('phone-web').replaceChildren(h('iframe', { src: url, title: t('web.frame') }))
  return { url: url.replace(location.origin, '') }
}

function closeWeb() {
  const open = phoneView.url
  phoneView.url = ''
  $('phone-web').replaceChildren()
  drawPhone()
  if (open) $('phone-users').querySelector('button').focus()
}

// Between the pages of this browser: which code is on a screen, and that sessions
// have come or gone.
const channel = new BroadcastChannel('wxsession-page')

function startWeb() {
  const { routes } = server.state
  channel.addEventListener('message', event => {
    if ('scan' in event.data) showCode(event.data.scan)
    if (event.data.changed && !acts.busy) refreshDevices(pageId + '.' + acts.count + '~').then(drawActs)
    drawActs()
  })
  if (routes.scan) {
    $('site').hidden = false
    language.listeners.push(drawSiteFrame)
  }
  language.listeners.push(drawMore)
}

// The website shows the code of this login now, or none. A question about one
// before is over.
function showCode(id) {
  Object.assign(phoneView, { camera: id, sheets: {} })
}

function drawSiteFrame() {
  showCode('') // another page, which knows of no login
  const src = '/?view=site&lang=' + language.now + '&act=' + pageId + '.site'
  $('site').replaceChildren(
    h('div', { class: 'browser-bar', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'), h('span', { translate: 'no' }, location.host)),
    h('iframe', { src, title: t('site.frame') }))
  drawActs()
}

async function scan(phone) {
  const id = phoneView.camera
  const found = await phone.session.scan(id, 'scan')
  if (id !== phoneView.camera) return undefined // the website has begun again
  phoneView.sheets[phone.user] = { id, found }
  phoneView.camera = ''
  return { state: found.state, browser: found.browser, ip: found.ip }
}

function drawSheet() {
  const sheet = $('phone-sheet')
  const question = phoneView.sheets[phoneView.user]
  const opens = sheet.hidden && question
  sheet.hidden = !question
  if (!question) return sheet.replaceChildren()
  const { id, found } = question
  const decide = (action, key) => act(thePhone(), key, "session.scan(id, '" + action + "')", async () => {
    const { state } = await thePhone().session.scan(id, action)
    phoneView.sheets = {}
    return { state }
  })
  redraw(sheet,
    h('h3', {}, t('phone.confirm')),
    h('dl', {},
      h('div', {}, h('dt', {}, t('phone.confirm.browser')), h('dd', { translate: 'no' }, browserName(found.browser))),
      h('div', {}, h('dt', {}, t('phone.confirm.ip')), h('dd', { translate: 'no' }, found.ip))),
    h('p', { class: 'soft' }, t('phone.confirm.hint')),
    h('div', { class: 'row' },
      actButton('phone.confirm.yes', () => decide('confirm', 'act.confirm'), { class: 'primary' }),
      actButton('phone.confirm.no', () => decide('deny', 'act.deny'))))
  if (opens) sheet.focus()
}

// A User-Agent as people call it; other texts as they are.
function browserName(agent) {
  const found = /^Mozilla\/.*?(Edg|Firefox|Chrome|Version)\/(\d+)/.exec(agent || '')
  return found ? found[1].replace('Edg', 'Edge').replace('Version', 'Safari') + ' ' + found[2] : agent
}

// What is not configured, and the variables that change it.
function drawMore() {
  const { routes } = server.state
  const missing = [
    !routes.phone && ['more.phone', 'WX_PHONE_ROUTE=true'],
    !routes.ticket && ['more.ticket', 'WX_COOKIE=wx WX_COOKIE_INSECURE=true'],
    !routes.scan && ['more.scan', routes.ticket ? 'WX_SCAN_LOGIN=true' : 'WX_COOKIE=wx WX_COOKIE_INSECURE=true WX_SCAN_LOGIN=true'],
    !routes.token && ['more.token', 'WX_ISSUER=https://demo.example WX_AUDIENCES=orders WX_SIGNING_KEYS=$(go run ./cmd/wxsession keygen --signing ed25519 --quiet)']
  ].filter(Boolean)
  $('more').hidden = missing.length === 0
  const command = [...new Set(missing.flatMap(([, text]) => text.split(/ (?=WX_)/)))].concat(server.state.run).join(' \\\n')
  const copy = button('more.copy', () => navigator.clipboard.writeText(command).then(() => { copy.textContent = t('more.copied') }))
  redraw($('more-body'),
    h('p', { class: 'soft' }, t('more.text', { names: missing.map(([key]) => t(key)).join(language.now === 'zh' ? '、' : ', ') })),
    h('pre', { translate: 'no', tabindex: '0', role: 'group', 'aria-label': t('more.command') }, command),
    navigator.clipboard && copy)
}
