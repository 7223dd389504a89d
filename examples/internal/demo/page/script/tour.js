// One minute that shows the whole: steps that press the page's own buttons.

const tour = { at: 0, playing: false, caption: '' }

const steps = [
  { name: 'login', run: () => act(thePhone(), 'phone.login', 'session.login()', () => thePhone().session.login({ force: true })) },
  { name: 'api', run: callAPI },
  { name: 'decrypt', run: () => act(thePhone(), 'phone.decrypt', "session.request({ url: '/api/decrypt', method: 'POST', data })", () => decrypt(thePhone())) },
  { name: 'devices', run: endDevice },
  { name: 'outage', run: outage },
  { name: 'expiry', run: expire }
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
  const text = step ? t('tour.' + step.name + '.text') : t('tour.done')
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
  tour.at = i
  drawTour()
}

function restartTour() {
  tour.at = 0
  drawTour()
}

async function doStep() {
  if (acts.busy) return
  tour.caption = 'tour.' + steps[tour.at].name + '.text'
  if (narrow()) $('sequence').scrollIntoView({ behavior: stillness() ? 'auto' : 'smooth' })
  try {
    await steps[tour.at].run()
  } catch (err) {
    $('tour-text').replaceChildren(t('trouble.failed')) // a control was refused
    return
  } finally {
    tour.caption = ''
  }
  tour.at++
  drawTour()
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
  if (!thePhone().session.token) await callAPI()
  const other = await addPhone()
  if (!other.id) return
  await sleep(stillness() ? 0 : 1200)
  await revoke(other.id, other.label)
  await sleep(stillness() ? 0 : 1200)
  await usePhone(other)
}

// The store comes back while the client waits.
async function outage() {
  const phone = thePhone()
  await control('store', { down: true })
  const back = () => setTimeout(() => control('store', { down: false }), 1200)
  phone.waits.push(back)
  try {
    await callAPI()
  } finally {
    phone.waits.splice(phone.waits.indexOf(back), 1)
    await control('store', { down: false })
  }
}

async function expire() {
  const life = (phoneView.about[phoneView.user] || {}).expiresIn || 72 * 3600
  await control('clock', { advance: life + 60 + 's' })
  await callAPI()
}
