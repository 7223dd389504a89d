// A signed token: asked for, taken apart, and checked with the keys that the server
// publishes.

async function askToken(phone) {
  const res = await phone.session.request({ url: server.state.prefix + '/token', method: 'POST' })
  if (res.statusCode !== 200) return res
  const token = res.data.access_token
  await showToken(token, phone)
  return { access_token: token.slice(0, 12) + '…', expires_in: res.data.expires_in }
}

const jwtView = { shown: null }

async function showToken(token, phone) {
  const [header, claims] = token.split('.').slice(0, 2).map(part => JSON.parse(new TextDecoder().decode(bytesOf(part))))
  jwtView.shown = { header, claims, valid: await verify(token, header, phone).catch(() => undefined) }
  drawToken()
  if (!language.listeners.includes(drawToken)) language.listeners.push(drawToken)
}

function drawToken() {
  const { header, claims, valid } = jwtView.shown
  const says = valid === undefined ? 'jwt.unchecked' : valid ? 'jwt.valid' : 'jwt.invalid'
  $('jwt').hidden = false
  redraw($('jwt-body'),
    h('h3', {}, t('jwt.header')),
    h('pre', { translate: 'no' }, JSON.stringify(header, null, 1)),
    h('h3', {}, t('jwt.claims')),
    h('pre', { translate: 'no' }, JSON.stringify(claims, null, 1)),
    h('p', { class: 'outcome', 'data-tone': valid ? 'good' : valid === false ? 'refused' : 'plain' },
      t(says, { kid: String(header.kid).slice(0, 8) + '…', path: server.state.prefix + '/jwks' })),
    h('p', { class: 'soft' }, t('jwt.hint')))
}

// The algorithm is the key's, never what the token says.
async function verify(token, header, phone) {
  const act = phone.act
  const reply = await fetch(server.state.prefix + '/jwks', { credentials: 'omit', headers: { 'X-Demo': act + ' service' } })
  count(phone, act)
  const { keys } = await reply.json()
  const jwk = keys.find(key => key.kid === header.kid)
  if (!jwk) return false
  const ed = jwk.kty === 'OKP'
  const { kty, crv, x, y } = jwk
  const key = await crypto.subtle.importKey('jwk', { kty, crv, x, y }, ed ? 'Ed25519' : { name: 'ECDSA', namedCurve: crv }, false, ['verify'])
  const at = token.lastIndexOf('.')
  return crypto.subtle.verify(ed ? 'Ed25519' : { name: 'ECDSA', hash: 'SHA-256' }, key, bytesOf(token.slice(at + 1)), new TextEncoder().encode(token.slice(0, at)))
}

function bytesOf(base64url) {
  const text = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(text, char => char.charCodeAt(0))
}
