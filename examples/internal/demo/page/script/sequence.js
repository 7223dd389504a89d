// The sequence: what users do, the latest first, each with its arrows in the
// order in which they happened.

const sequence = {
  items: [], // acts and moments, the latest first
  queue: [], // arrows that are not drawn yet
  drawing: false,
  drawn: {}, // replies to the client that were drawn, by act
  seen: { client: new Set(), server: new Set(), wechat: new Set(), store: new Set() },
  webView: '', // the act that opened the web-view
  replies: 0,
  leaks: 0
}

const maxItems = 30
const pace = 90 // ms between two arrows, for the eye

function startSequence() {
  server.arrows.push(arrow => {
    sequence.queue.push(arrow)
    drawQueue()
  })
  server.states.push(tellMoments)
  language.listeners.push(drawSequence)
}

async function drawQueue() {
  if (sequence.drawing) return
  sequence.drawing = true
  while (sequence.queue.length > 0) {
    if (sequence.queue.length < 60 && !stillness()) await sleep(pace)
    addArrow(sequence.queue.shift())
  }
  sequence.drawing = false
}

// An act of this page. Its name and values are those of a text; source is the line
// that the mini program runs, caption what the tour says to it.
function beginAct(id, name, values, source, caption) {
  addItem({ id, name, values, source, caption, at: clockNow(), arrows: [], open: true, running: true })
}

function endAct(id) {
  const act = sequence.items.find(item => item.id === id)
  if (!act) return
  act.running = false
  drawHead(act)
  const replies = act.arrows.filter(e => e.reply && e.to === 'client' && !quiet(e))
  const last = replies[replies.length - 1]
  announce(t('sequence.announce', {
    name: t(act.name, act.values), outcome: last ? [last.status, last.code].filter(Boolean).join(' ') : '–', n: act.arrows.filter(e => !quiet(e)).length
  }))
}

// Resolves when all that the phone was answered in an act has been drawn.
async function caughtUp(phone, id) {
  const end = Date.now() + 3000
  while (Date.now() < end && (sequence.drawing || (sequence.drawn[id] || 0) < (phone.counts[id] || 0))) await sleep(20)
}

function announce(text) {
  $('announcer').textContent = text
}

function quiet(e) {
  return e.act !== undefined && e.act.endsWith('~')
}

function addArrow(e) {
  learn(e)
  const id = e.act ? e.act.replace('~', '') : ownerOf(e)
  let act = sequence.items.find(item => item.id === id)
  if (!act) {
    act = addItem({ id, name: foreignName(e), at: clockNow(), arrows: [], open: !sequence.items.some(item => item.running), running: false })
  }
  if (act.arrows.length < 200) act.arrows.push(e)
  if (e.reply && e.to === 'client') sequence.drawn[e.act] = (sequence.drawn[e.act] || 0) + 1
  appendArrow(act, e)
  drawHead(act)
}

// A browser that follows a link or fetches a picture says nothing of acts: what it
// asks for tells. A reply belongs to where its request does.
function ownerOf(e) {
  const kin = sequence.items.find(item => item.arrows && item.arrows.some(other => other.exchange === e.exchange))
  if (kin) return kin.id
  const { prefix } = server.state
  if (e.title.startsWith('GET ' + prefix + '/enter?')) return sequence.webView || 'exchange ' + e.exchange
  if (e.title.startsWith('GET ' + prefix + '/scan/')) return pageId + '.site'
  return 'exchange ' + e.exchange
}

function foreignName(e) {
  if (e.client === 'site') return 'act.site'
  if (e.client === 'h5') return 'h5.title'
  if (e.client === 'browser') return 'act.browser'
  return e.client === 'other' ? 'act.program' : 'act.otherPage'
}

// Only the latest act stands open, unless the user opens others.
function addItem(item) {
  if (item.open) for (const other of sequence.items) if (other.details) other.details.open = false
  sequence.items.unshift(item)
  item.el = h('li', { class: 'item' })
  $('acts').prepend(item.el)
  for (const old of sequence.items.splice(maxItems)) old.el.remove()
  $('acts-empty').hidden = true
  drawItem(item)
  return item
}

// What changed on the server shows between the acts.
function tellMoments(now, before) {
  if (!before) return
  const tell = (name, values) => addItem({ moment: name, values, at: clockNow() }) && announce(momentText({ moment: name, values }))
  if (now.boot !== before.boot) return tell('moment.restart')
  if (now.down !== before.down) tell(now.down ? 'moment.down' : 'moment.up')
  if (now.mood !== before.mood) tell('moment.' + now.mood)
  if (now.ahead !== before.ahead) tell('moment.clock', { seconds: now.ahead - before.ahead })
}

function momentText(item) {
  return t(item.moment, item.values && { time: durationText(item.values.seconds) })
}

// Draws everything anew, in another language.
function drawSequence() {
  $('acts-empty').hidden = sequence.items.length > 0
  drawLanes()
  for (const item of sequence.items) drawItem(item)
}

function drawItem(item) {
  if (item.moment) return item.el.replaceChildren(h('p', { class: 'moment' }, momentText(item), ' ', h('time', {}, clockText(item.at))))
  item.head = h('summary', {})
  item.list = h('ol', { class: 'arrows' })
  item.quietList = h('ol', { class: 'arrows' })
  item.quiet = h('details', { class: 'quiet', hidden: true }, h('summary', {}, t('act.list')), item.quietList)
  const caption = item.caption && h('p', { class: 'caption' }, rich(t(item.caption)))
  const details = h('details', { class: 'act', open: item.open, toggle: () => { item.open = details.open } }, item.head, caption, item.list, item.quiet)
  item.details = details
  item.el.replaceChildren(details)
  drawHead(item)
  for (const arrow of item.arrows) appendArrow(item, arrow)
}

function drawHead(item) {
  const parts = [h('span', { class: 'act-name' }, t(item.name, item.values)), badge(item), h('time', {}, clockText(item.at)), item.source && code(item.source, 'source')]
  item.head.replaceChildren(...parts.filter(Boolean))
}

function appendArrow(item, arrow) {
  if (quiet(arrow)) item.quiet.hidden = false
  const list = quiet(arrow) ? item.quietList : item.list
  list.append(drawArrow(arrow))
}

// How an act ended: its last reply to the client.
function badge(item) {
  const replies = item.arrows.filter(e => e.reply && e.to === 'client' && !quiet(e))
  const last = replies[replies.length - 1]
  if (item.running && !last) return h('span', { class: 'badge' }, t('act.running'))
  return last && h('span', { class: 'badge', 'data-tone': toneOf(last) }, code([last.status, last.code].filter(Boolean).join(' ')))
}
