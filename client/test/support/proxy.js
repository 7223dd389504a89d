'use strict'

// A proxy that misbehaves when told to, between the fake platform and the
// server. It also plays an application with a file store, which asks the
// server who is calling.

const http = require('node:http')

function startProxy(target) {
  const log = [] // every request: { method, path, headers, body }
  const faults = []
  const files = new Map()
  const sockets = new Set()

  // fault makes requests go wrong, `times` of them: 'GET /api/me' names them by
  // method and the path without its query, or begins with '* '. What happens:
  //   { status, header, body }  is answered in the server's place
  //   { drop: true }            the connection is reset, the server sees nothing
  //   { lose: true }            the server answers, the answer is lost
  //   { hang: true }            nothing ever comes
  //   { hold: promise }         the answer waits for the promise
  function fault(name, what, times = 1) {
    faults.push({ name, what, left: times })
  }

  // hold keeps back the answer to the next such request until it is let go:
  // the server's, or the one that is given.
  function hold(name, reply) {
    let release, arrive
    const arrived = new Promise(resolve => { arrive = resolve })
    fault(name, { ...reply, hold: new Promise(resolve => { release = resolve }), arrive })
    return { arrived, release }
  }

  function takeFault(name) {
    const found = faults.find(f => f.left > 0 && (f.name === name || (f.name.startsWith('* ') && name.endsWith(f.name.slice(1)))))
    if (!found) return {}
    found.left--
    return found.what
  }

  function forward(req, body) {
    return new Promise((resolve, reject) => {
      const to = http.request(target + req.url, { method: req.method, headers: req.headers, agent: false }, res => {
        read(res).then(text => resolve({ status: res.statusCode, header: res.headers, body: text }), reject)
      })
      to.on('error', reject)
      to.end(body)
    })
  }

  // The application: POST /files keeps a file for whoever has a session, and
  // GET /files/{name} gives it back.
  async function application(req, body) {
    const me = await forward({ url: '/api/me', method: 'GET', headers: only(req.headers, ['authorization', 'x-wx-session']) }, '')
    if (me.status !== 200) return me
    if (req.method === 'POST') {
      const file = /\r\n\r\n([^]*?)\r\n--/.exec(body.toString('latin1'))[1]
      files.set('latest', Buffer.from(file, 'latin1'))
      return { status: 201, header: { 'content-type': 'application/json' }, body: JSON.stringify({ size: file.length, of: JSON.parse(me.body).openid }) }
    }
    const file = files.get(req.url.slice('/files/'.length))
    return file ? { status: 200, header: { 'content-type': 'application/octet-stream' }, body: file } : { status: 404, header: {}, body: 'no such file' }
  }

  async function serve(req, res) {
    const body = await read(req)
    const pathname = req.url.split('?')[0]
    log.push({ method: req.method, path: req.url, headers: req.headers, body: body.toString() })
    const what = takeFault(req.method + ' ' + pathname)
    if (what.drop) return req.socket.resetAndDestroy()
    if (what.hang) return
    const reply = what.status ? what : await (pathname.startsWith('/files') ? application(req, body) : forward(req, body))
    if (what.lose) return req.socket.resetAndDestroy()
    if (what.arrive) what.arrive()
    if (what.hold) await what.hold
    answer(res, reply)
  }

  const server = http.createServer((req, res) => {
    serve(req, res).catch(() => req.socket.destroy()) // the client or the server went away
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })

  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve({
    url: 'http://127.0.0.1:' + server.address().port,
    log,
    fault,
    hold,
    count: name => log.filter(r => r.method + ' ' + r.path.split('?')[0] === name).length,
    seen: name => log.filter(r => r.method + ' ' + r.path.split('?')[0] === name),
    reset() {
      log.length = faults.length = 0
    },
    stop() {
      for (const socket of sockets) socket.destroy()
      return new Promise(done => server.close(done))
    }
  })))
}

function answer(res, { status, header, body }) {
  const text = body === undefined ? '' : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const fields = Object.assign({}, header)
  delete fields['content-length']
  delete fields['transfer-encoding']
  delete fields.connection
  res.writeHead(status, fields)
  res.end(text)
}

function only(headers, names) {
  const found = {}
  for (const name of names) if (headers[name] !== undefined) found[name] = headers[name]
  return found
}

function read(stream) {
  return new Promise((resolve, reject) => {
    const parts = []
    stream.on('data', part => parts.push(part))
    stream.on('end', () => resolve(Buffer.concat(parts)))
    stream.on('error', reject)
    stream.on('close', () => reject(new Error('closed early'))) // nothing happens after end
  })
}

module.exports = { startProxy }
