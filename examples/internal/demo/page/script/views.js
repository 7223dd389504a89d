// The two other pages that this file is: the page in the web-view, and the website
// in a browser. Both know their user by the cookie alone.

const view = { act: '', id: '', state: 'idle', text: '' }

function startView(name) {
  view.act = new URLSearchParams(location.search).get('act') || ''
  document.body.classList.add('view')
  $('main-view').remove()
  $('other-view').hidden = false
  if (name === 'h5') startH5()
  else startSite()
}

async function ask(method, path, body) {
  const client = document.body.dataset.view
  const reply = await fetch(path, { method, body: body && JSON.stringify(body), headers: { 'X-Demo': view.act + ' ' + client } })
  return { status: reply.status, body: parsed(await reply.text()) }
}

async function startH5() {
  document.body.dataset.view = 'h5'
  const me = await ask('GET', '/api/me')
  $('other-view').replaceChildren(h('main', {},
    h('h1', {}, t('h5.title')),
    h('p', {}, t('h5.text')),
    h('pre', { translate: 'no' }, 'document.cookie === ' + JSON.stringify(document.cookie)),
    me.status === 200 ? h('p', { id: 'h5-me', class: 'outcome', 'data-tone': 'good' }, t('h5.me') + ' ', code(me.body.openid))
      : h('p', { class: 'outcome', 'data-tone': 'refused' }, t('h5.out'), ' ', code(me.status + ' ' + me.body.error))))
  channel.postMessage({ changed: true })
}

function startSite() {
  document.body.dataset.view = 'site'
  drawSite()
}

function show(state, text) {
  Object.assign(view, { state, text: text || '' })
  drawSite()
}

function drawSite() {
  const prefix = viewPrefix()
  const restart = button(view.state === 'idle' ? 'site.login' : 'site.again', beginScan, { class: 'primary', 'data-focus': 'begin' })
  const begins = ['idle', 'scanned', 'denied', 'gone', 'failed']
  redraw($('other-view'), h('main', {},
    h('h1', {}, t('site.title')),
    h('div', { role: 'status' },
      view.state === 'idle' && h('p', {}, t('site.text')),
      ['pending', 'scanned', 'denied', 'gone'].includes(view.state) && h('p', { id: 'site-state' }, t('site.' + view.state)),
      view.state === 'failed' && h('p', { class: 'outcome', 'data-tone': 'bad' }, t('site.failed', { code: view.text })),
      view.state === 'confirmed' && h('p', { id: 'site-me', class: 'outcome', 'data-tone': 'good' }, t('site.confirmed') + ' ', code(view.text))),
    view.state === 'pending' && h('img', { src: prefix + '/scan/' + view.id + '/code', alt: t('site.code'), width: 180, height: 180 }),
    h('div', { class: 'row' }, begins.includes(view.state) && restart,
      view.state === 'confirmed' && button('site.api', showMe, { 'data-focus': 'api' }),
      view.state === 'confirmed' && button('site.logout', leaveSite, { 'data-focus': 'begin' }))))
}

function viewPrefix() {
  return server.state.prefix
}

async function beginScan() {
  const begun = await ask('POST', viewPrefix() + '/scan')
  if (begun.status !== 200) return show('failed', begun.body.error || begun.status)
  const { id } = begun.body
  view.id = id
  show('pending')
  channel.postMessage({ scan: id })
  await follow(id)
  if (id !== view.id) return // begun again: another code is on the screen
  channel.postMessage({ scan: '', changed: true })
}

// Polls until the login is decided: each poll waits while the state is the one
// that this page knows.
async function follow(id) {
  for (let state = 'pending'; ;) {
    const poll = await ask('GET', viewPrefix() + '/scan/' + id + '?state=' + state + '&wait=25')
    if (id !== view.id) return
    if (poll.status === 404) return show('gone')
    if (poll.status === 503 || poll.status === 429) {
      await sleep(2000) // an outage decides nothing
      continue
    }
    if (poll.status !== 200) return show('failed', poll.body.error || poll.status)
    state = poll.body.state
    if (state === 'confirmed') return showMe()
    show(state)
    if (state === 'denied') return
  }
}

async function showMe() {
  const me = await ask('GET', '/api/me')
  return me.status === 200 ? show('confirmed', me.body.openid) : show('failed', me.body.error)
}

async function leaveSite() {
  await ask('POST', viewPrefix() + '/logout')
  show('idle')
  channel.postMessage({ scan: '', changed: true })
}
