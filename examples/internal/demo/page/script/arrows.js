// One arrow of the sequence: a line between two lanes, and behind it the real
// request or reply.

const lanes = ['client', 'server', 'wechat', 'store']

function drawArrow(e) {
  const direction = t(e.reply ? 'arrow.reply' : 'arrow.label', { from: laneName(e.from, e), to: laneName(e.to, e) })
  const chips = kindsOf(e).map(chip)
  return h('li', {}, h('details', { class: 'arrow', 'data-tone': toneOf(e), 'data-from': e.from, 'data-to': e.to, 'data-reply': Boolean(e.reply) },
    h('summary', {},
      h('span', { class: 'sr' }, direction + ' '),
      h('span', { class: 'what' }, titleOf(e), chips),
      h('span', { class: 'line', 'aria-hidden': 'true' }),
      gist(e)),
    h('div', { class: 'detail' }, detail(e))))
}

function laneName(lane, e) {
  if (lane !== 'client') return t('lane.' + lane)
  return clientName(e) || t('lane.client')
}

// Who asks, if it is not the mini program.
function clientName(e) {
  if (e.client === 'browser' || e.client === 'site' || e.client === 'h5') return t('act.browser')
  if (e.client === 'service') return t('act.service')
  return e.client === 'other' ? t('act.program') : ''
}

function toneOf(e) {
  if (!e.reply) return 'plain'
  if (e.from === 'store') return e.code === 'failed' ? 'bad' : 'good'
  if (e.status >= 500 || e.code === 'failed') return 'bad'
  if (e.status >= 400 || weChatRefusal(e)) return 'refused'
  return 'good'
}

// WeChat answers its refusals with 200.
function weChatRefusal(e) {
  return e.from === 'wechat' && e.to === 'server' ? (parsed(e.body || '') || {}).errcode || 0 : 0
}

function titleOf(e) {
  if (e.from === 'store') return h('strong', {}, t('outcome.' + e.code), e.head && [' ', code(e.head[0].value, 'size')])
  if (e.reply) {
    const refusal = weChatRefusal(e)
    const words = e.status ? [e.status, e.code || (refusal ? 'errcode ' + refusal : e.title)] : [t('outcome.failed')]
    return h('strong', {}, code(words.join(' ')))
  }
  if (e.to === 'store') return h('strong', {}, code(e.title.replace(/(:.{8}).+/, '$1…')))
  return h('strong', {}, h('code', { translate: 'no' }, marked(unescaped(e.title), e.marks, true)))
}

// A path as people read it.
function unescaped(title) {
  try {
    return decodeURIComponent(title)
  } catch (err) {
    return title
  }
}

// One line of what travels, if there is more than the title says.
function gist(e) {
  const head = Object.fromEntries((e.head || []).map(f => [f.name, f.value]))
  let text = oneLine(e.body || '')
  if (e.from === 'store') text = ''
  else if (e.to === 'store') text = head.new ? 'old ' + head.old + ', new ' + head.new + ', ttl ' + head.ttl : ''
  else if (e.from === 'server' && e.to === 'wechat') text = text || (e.head || []).map(f => f.name.slice(1) + '=' + f.value).join(' ')
  else if (!text && head.Authorization) text = 'Authorization: ' + head.Authorization
  else if (!text && head.Cookie) text = 'Cookie: ' + head.Cookie
  else if (!text && e.cut) text = t('detail.bytes', { n: e.cut })
  const retry = head['Retry-After'] ? ['Retry-After: ' + head['Retry-After'] + ' '] : []
  return (text || retry.length > 0) && h('span', { class: 'gist' }, h('code', { translate: 'no' }, retry, marked(text, e.marks, true)))
}

function detail(e) {
  const kinds = kindsOf(e)
  const secret = kinds.filter(kind => stays(kind) && kind !== 'hash')
  const fields = (e.head || []).map(f => h('div', {}, h('dt', {}, code(f.name.replace('?', ''))), h('dd', {}, h('code', { translate: 'no' }, marked(f.value, e.marks)))))
  return [
    h('p', { class: 'detail-title' }, t(e.reply ? 'detail.reply' : 'detail.request'), ' ',
      e.reply && !e.status ? t('outcome.' + e.code) : code(e.reply ? e.status + ' ' + e.title : e.title),
      e.took > 0 && h('span', { class: 'soft' }, ' ' + t('detail.took', { ms: (e.took / 1000).toFixed(e.took < 1000 ? 2 : 1) }))),
    fields.length > 0 && h('dl', {}, fields),
    e.body && h('pre', { translate: 'no', tabindex: '0', role: 'group', 'aria-label': t(e.to === 'store' || e.from === 'store' ? 'detail.value' : 'detail.body') },
      marked(pretty(e.body), e.marks)),
    e.cut > 0 && h('p', { class: 'soft' }, t('detail.cut', { n: e.cut })),
    secret.length > 0 && h('p', { class: 'note' }, icon('lock'), t('detail.stays', { names: secret.map(kind => t('kind.' + kind)).join(', ') })),
    kinds.includes('hash') && h('p', { class: 'note' }, icon('lock'), t('detail.hash')),
    (e.to === 'store' || e.from === 'store') && server.state.sealed && e.body && h('p', { class: 'note' }, icon('lock'), t('detail.sealed'))
  ]
}
