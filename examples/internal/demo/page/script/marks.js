// Values that are worth pointing out. Those that stay never cross the line
// between the server's side and the client.

const staying = ['appsecret', 'session_key', 'access_token', 'hash']

function stays(kind) {
  return staying.includes(kind)
}

function kindsOf(arrow) {
  return [...new Set((arrow.marks || []).map(mark => mark.kind))]
}

function chip(kind) {
  return h('span', { class: 'chip ' + (stays(kind) ? 'stays' : 'goes') }, stays(kind) && icon('lock'), code(t('kind.' + kind)))
}

// Nodes of a text in which the marked values stand out. short cuts them to a few
// characters.
function marked(text, marks, short) {
  let parts = [text]
  for (const mark of marks || []) {
    parts = parts.flatMap(part => typeof part === 'string' ? split(part, mark, short) : [part])
  }
  return parts
}

function split(text, mark, short) {
  const shown = short && mark.text.length > 10 ? mark.text.slice(0, 6) + '…' : mark.text
  return text.split(mark.text).flatMap((part, i) => i ? [markElement(shown, mark.kind), part] : [part])
}

function markElement(text, kind) {
  return h('mark', { class: stays(kind) ? 'stays' : 'goes', title: t('kind.' + kind) }, text)
}

// JSON with two spaces, anything else as it is.
function pretty(body) {
  const value = parsed(body)
  return typeof value === 'object' && value ? JSON.stringify(value, null, 2) : body
}

function oneLine(body) {
  const value = parsed(body)
  return typeof value === 'object' && value ? JSON.stringify(value) : body
}
