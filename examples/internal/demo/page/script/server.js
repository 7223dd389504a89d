// What the page knows of the server: its state, and the arrows as they happen.

const server = {
  state: null,
  skew: 0, // of the server's clock over the browser's
  last: '', // the event that was seen last
  source: null,
  retry: 0,
  states: [], // listeners
  arrows: []
}

function clockNow() {
  return Date.now() + server.skew
}

// Opens the stream, and opens it again after every loss. A page in the background
// gives its connection back: browsers have six for a host, for all pages.
function startStream() {
  document.addEventListener('visibilitychange', () => document.hidden ? closeStream() : openStream())
  openStream()
  return new Promise(resolve => server.states.push(resolve))
}

function openStream() {
  if (server.source) return
  clearTimeout(server.retry)
  const source = server.source = new EventSource('/devtools/events?after=' + encodeURIComponent(server.last))
  source.addEventListener('state', event => setState(JSON.parse(event.data)))
  source.addEventListener('arrow', event => {
    server.last = event.lastEventId
    const arrow = JSON.parse(event.data)
    for (const listener of server.arrows) listener(arrow)
  })
  source.addEventListener('error', () => {
    closeStream()
    $('offline').hidden = false
    $('offline').textContent = t('offline')
    server.retry = setTimeout(openStream, 1000)
  })
}

function closeStream() {
  clearTimeout(server.retry)
  if (server.source) server.source.close()
  server.source = null
}

function setState(state) {
  const before = server.state
  server.state = state
  server.skew = state.now - Date.now()
  $('offline').hidden = true
  for (const listener of server.states) listener(state, before)
}

// Turns one of the server's controls.
async function control(name, value) {
  const reply = await fetch('/devtools/' + name, { method: 'POST', body: JSON.stringify(value) })
  if (!reply.ok) throw new Error(t('trouble.failed'))
  setState(await reply.json())
}
