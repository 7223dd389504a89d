'use strict'

// The routes of the hand-over and of the website login, with the replies of
// the wire protocol, for servers that do not have them. Sessions are made up:
// a login gives token-1, token-2 …

const http = require('node:http')

function startStub() {
  const requests = []
  const scans = new Map()
  let logins = 0
  const browser = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/130.0'

  function reply(req, path, body) {
    if (path === '/devtools/code') return [200, { code: 'code-' + (logins + 1) }]
    if (path === '/wx/login') return [200, { '3rd_session': 'token-' + ++logins, expires_in: 60, lifetime: 600 }]
    if (req.headers.authorization !== 'Bearer token-' + logins) return [401, { error: 'invalid_session', message: 'log in again' }]
    if (path === '/api/me') return [200, { openid: 'o-stub', appid: 'wx-stub' }]
    if (path === '/wx/ticket') return ticket(body.to)
    const scan = /^\/wx\/scan\/([^/]+)$/.exec(path)
    return scan ? move(decodeURIComponent(scan[1]), body.action) : [404, '404 page not found']
  }

  function ticket(to) {
    if (to !== undefined && !/^\/(?![/\\])[^\\]*$/.test(to)) return [400, { error: 'bad_request', message: 'to must be a path of this host' }]
    const query = 'ticket=' + 't'.repeat(43) + (to === undefined ? '' : '&to=' + encodeURIComponent(to))
    return [200, { ticket: 't'.repeat(43), expires_in: 60, url: '/wx/enter?' + query }]
  }

  // pending, scanned, then confirmed or denied.
  function move(id, action) {
    const state = scans.get(id)
    const want = { scan: 'scanned', confirm: 'confirmed', deny: 'denied' }[action]
    if (!state) return [404, { error: 'not_found', message: 'no such scan' }]
    if (!want) return [400, { error: 'bad_request', message: 'unknown action' }]
    const done = state === 'confirmed' || state === 'denied'
    if (state === 'pending' ? action !== 'scan' : done && action !== 'scan' && state !== want) {
      return [409, { error: 'conflict', message: 'the login is ' + state }]
    }
    if (!done) scans.set(id, want)
    return [200, { state: scans.get(id), browser, ip: '203.0.113.7', created_at: 1760000000 }]
  }

  const server = http.createServer((req, res) => {
    let text = ''
    req.on('data', part => { text += part })
    req.on('end', () => {
      const path = req.url.split('?')[0]
      requests.push({ method: req.method, path: req.url, body: text })
      const [status, body] = reply(req, path, text ? JSON.parse(text) : {})
      res.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json', connection: 'close' })
      res.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve({
    url: 'http://127.0.0.1:' + server.address().port,
    requests,
    scans,
    browser,
    endSessions() { logins++ },
    stop: () => new Promise(done => server.close(done))
  })))
}

module.exports = { startStub }
