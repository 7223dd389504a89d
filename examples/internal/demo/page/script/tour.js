// One minute that shows the whole: steps that press the page's own buttons.

const tour = {
  at: 0,
  playing: false,
  caption: '',
  failed: null // the text that says so of this step
}

// Each step with the outcome that it is about: without that it is not done.
const steps = [
  { name: 'login', run: () => act(thePhone(), 'phone.login', 'session.login()', () => thePhone().session.login({ force: true })), shows: went },
  { name: 'api', run: callAPI, shows: answered },
  { name: 'decrypt', run: () => act(thePhone(), 'phone.decrypt', "session.request({ url: '/api/decrypt', method: 'POST', data })", () => decrypt(thePhone())), shows: answered },
  { name: 'devices', run: endDevice, shows: result => result && result.err && met(result, 'session_revoked') },
  { name: 'outage', run: outage, shows: result => answered(result) && met(result, 'store_unavailable') },
  { name: 'expiry', run: expire, shows: result => answered(result) && thePhone().logins > 0 }
]

const reading = 4000 // ms that a step is left standing

function startTour() {
  $('tour-do').addEventListener('click', () => tour.at < steps.length ? doStep() : restartTour())
  $('tour-play').addEventListener('click', () => tour.playing ? stopTour() : playTour())
}

function drawTour() {
  redraw($('tour-steps'), steps.map((step, i) => h('li', { 'aria-current': i === tour.at ? 'step' : undefined, class: i < tour.at ? 'done' : '' },
    button('tour.' + step.name, () => goTo(i), { 'data-focus': step.name }))))
  const step = steps[tour.at]
  const text = tour.failed ? t(tour.failed.key, tour.failed.values) : t(step ? 'tour.' + step.name + '.text' : 'tour.done')
  if ($('tour-text').dataset.text !== text) $('tour-text').replaceChildren(...rich(text))
  $('tour-text').dataset.text = text
  $('tour-do').replaceChildren(t(step ? 'tour.do' : 'tour.again'))
  if (acts.busy) $('tour-do').setAttribute('aria-disabled', 'true')
  else $('tour-do').removeAttribute('aria-disabled')
  $('tour-play').replaceChildren(icon(tour.playing ? 'stop' : 'play'), t(tour.playing ? 'tour.stop' : 'tour.play'))
}

// On a narrow screen the sequence is further down, and says itself what it is about.
function narrow() {
  return matchMedia('(max-width: 760px)').matches
}

function goTo(i) {
  if (acts.busy || tour.playing) return
  Object.assign(tour, { at: i, failed: null })
  drawTour()
}

function restartTour() {
  tour.at = 0
  drawTour()
}

async function doStep() {
  if (acts.busy) return
  const { at } = tour
  const step = steps[at]
  Object.assign(tour, { caption: 'tour.' + step.name + '.text', failed: null })
  if (narrow()) $('sequence').scrollIntoView({ behavior: stillness() ? 'auto' : 'smooth' })
  try {
    const result = await step.run()
    if (!step.shows(result)) tour.failed = { key: 'tour.failed', values: { outcome: outcomeText(result) } }
  } catch (err) {
    tour.failed = { key: 'trouble.failed' } // a control was refused
  }
  tour.caption = ''
  if (tour.failed) tour.playing = false
  else tour.at = at + 1
  drawTour()
}

function went(result) {
  return Boolean(result) && !result.err
}

function answered(result) {
  return went(result) && result.value.statusCode === 200
}

// Whether the phone was refused so on its way.
function met(result, code) {
  return result.refusals.some(refusal => refusal.code === code)
}

function outcomeText(result) {
  const { err, value } = result || {}
  return err ? [err.status, err.code].filter(Boolean).join(' ') : String((value && value.statusCode) || '–')
}

async function playTour() {
  if (acts.busy) return
  tour.playing = true
  if (tour.at === steps.length) tour.at = 0
  while (tour.playing && tour.at < steps.length) {
    drawTour()
    await pauseTour(reading / 2) // the text first
    if (tour.playing) await doStep()
    await pauseTour(reading)
  }
  stopTour()
}

async function pauseTour(ms) {
  for (let waited = 0; tour.playing && waited < ms; waited += 100) await sleep(100)
}

function stopTour() {
  tour.playing = false
  drawTour()
}

function callAPI() {
  return act(thePhone(), 'phone.api', "session.request({ url: '/api/me' })", () => thePhone().session.request({ url: '/api/me' }))
}

async function endDevice() {
  const first = thePhone().session.token ? { value: true } : await callAPI()
  if (!went(first)) return first
  const other = await addPhone()
  if (!other.id) return other.result
  await sleep(stillness() ? 0 : 1200)
  const ended = await revoke(other.id, other.label)
  if (!went(ended)) return ended
  await sleep(stillness() ? 0 : 1200)
  return usePhone(other)
}

// The store comes back while the client waits.
async function outage() {
  const phone = thePhone()
  await control('store', { down: true })
  const back = () => setTimeout(() => control('store', { down: false }), 1200)
  phone.waits.push(back)
  try {
    return await callAPI()
  } finally {
    phone.waits.splice(phone.waits.indexOf(back), 1)
    await control('store', { down: false })
  }
}

async function expire() {
  const life = (phoneView.about[phoneView.user] || {}).expiresIn || 72 * 3600
  await control('clock', { advance: life + 60 + 's' })
  return callAPI()
}
