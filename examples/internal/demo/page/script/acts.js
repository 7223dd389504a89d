// What the user of the page does: one act at a time, each with its requests.

const acts = {
  count: 0,
  busy: '', // the name of the act under way
  phone: null, // whose it is
  waiting: null, // a refusal that the client waits after
  after: [] // what is drawn after each change
}

// Runs an act of a phone. source is the line of the mini program that it stands
// for. Resolves with what it brought, or undefined while another act runs. What then
// does belongs to the act, but is not shown; it gets the name for its requests.
async function act(phone, name, source, work, values, then) {
  if (acts.busy) return undefined
  const id = pageId + '.' + ++acts.count
  Object.assign(acts, { busy: name, phone, waiting: null })
  Object.assign(phone, { act: id, refusals: [], logins: 0, result: null, source })
  const before = phone.session.token
  beginAct(id, name, values, source, tour.caption)
  drawActs()
  const result = await work().then(value => ({ value }), err => ({ err }))
  acts.waiting = null
  await caughtUp(phone, id)
  endAct(id)
  const after = phone.session.token
  phone.result = Object.assign(result, { name, refusals: phone.refusals, kept: before !== '' && after === before, forgotten: before !== '' && after === '' })
  if (then && !result.err) await then(id + '~')
  if (!result.err || result.err.status === 401) await refreshDevices(id + '~')
  acts.busy = ''
  drawActs()
  return result
}

function drawActs() {
  for (const draw of acts.after) draw()
}

// A button that begins an act. While one runs, buttons stay where they are and
// keep the focus, but do nothing.
function actButton(key, listener, properties) {
  return button(key, () => { if (!acts.busy) listener() }, Object.assign({ 'aria-disabled': acts.busy ? 'true' : undefined, 'data-focus': key }, properties))
}

function startActs() {
  acts.after.push(drawPhone, drawDevices, drawTour)
  language.listeners.push(drawActs)
}

// Tells the phone's user what the client waits for.
function waitsOf(phone) {
  phone.waits.push(refusal => {
    if (acts.phone !== phone || !refusal.wait) return
    acts.waiting = refusal
    drawActs()
  })
  return phone
}

function failureText(err) {
  const key = 'failed.' + err.code
  return t(known(key) ? key : 'failed.other')
}
