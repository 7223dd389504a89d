'use strict'

// Starts an example server as a process, as a user of it would.

const { spawn } = require('node:child_process')
const path = require('node:path')
const readline = require('node:readline')

const root = path.join(__dirname, '../../../..')

// Cookies without Secure: Chromium takes them from http://127.0.0.1 too, but other
// browsers, which readers of these tests may have, do not.
const web = {
  WX_COOKIE: 'wx', WX_COOKIE_INSECURE: 'true', WX_SCAN_LOGIN: 'true', WX_PHONE_ROUTE: 'true'
}

// A server on a free port with these variables and no others of ours.
async function startServer(variables = {}, binary = process.env.WXSESSION_PAGE_SERVER) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(WX_|ADDR$)/.test(name)))
  const child = spawn(binary, { env: Object.assign(env, { ADDR: '127.0.0.1:0' }, variables), stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise(resolve => child.once('exit', resolve))
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const found = /^listening on (http:\/\/[^\s,]+)/.exec(line)
    if (!found) continue
    child.stdout.resume()
    return new Server(child, ended, found[1])
  }
  throw new Error('the server has ended without a word')
}

class Server {
  constructor(child, ended, url) {
    Object.assign(this, { child, ended, url, port: new URL(url).port })
  }

  stop() {
    this.child.kill('SIGTERM')
    return this.ended
  }

  // The same server under another name: for a browser a different site.
  under(host) {
    return 'http://' + host + ':' + this.port
  }

  async control(name, value) {
    const reply = await fetch(this.url + '/devtools/' + name, { method: 'POST', body: JSON.stringify(value) })
    if (!reply.ok) throw new Error('the control ' + name + ' is answered ' + reply.status)
    return reply.json()
  }

  // A login as another mini program would make it.
  async login(user) {
    const { code } = await (await fetch(this.url + '/devtools/code?user=' + user)).json()
    const reply = await fetch(this.url + '/wx/login', { method: 'POST', body: JSON.stringify({ code }) })
    return (await reply.json())['3rd_session']
  }

  async api(path, token, method = 'GET', body) {
    const reply = await fetch(this.url + path, { method, body: body && JSON.stringify(body), headers: { Authorization: 'Bearer ' + token } })
    const text = await reply.text()
    return { status: reply.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined }
  }
}

module.exports = { root, startServer, web }
