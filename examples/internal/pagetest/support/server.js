'use strict'

// Starts an example server as a process, as a user of it would.

const { spawn } = require('node:child_process')
const crypto = require('node:crypto')
const path = require('node:path')
const readline = require('node:readline')

const root = path.join(__dirname, '../../../..')

// The variables that show all of the page.
function everything() {
  const key = crypto.generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' })
  return {
    WX_PHONE_ROUTE: 'true', WX_COOKIE: 'wx', WX_COOKIE_INSECURE: 'true', WX_SCAN_LOGIN: 'true',
    WX_ISSUER: 'https://demo.example', WX_AUDIENCES: 'orders', WX_SIGNING_KEYS: key.toString('base64')
  }
}

// A server on a free port, or on that of ADDR, with these variables and no others
// of ours.
async function startServer(variables = {}, name = 'gin') {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(WX_|ADDR$)/.test(name)))
  const binary = path.join(process.env.WXSESSION_PAGE_SERVERS, name)
  const child = spawn(binary, { env: Object.assign(env, { ADDR: '127.0.0.1:0' }, variables), stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise(resolve => child.once('exit', resolve))
  const url = await listening(child)
  return new Server(child, ended, url)
}

function listening(child) {
  return new Promise((resolve, reject) => {
    const lines = readline.createInterface({ input: child.stdout }) // reads on, or the server would stop at a full pipe
    lines.on('line', line => {
      const found = /^listening on (http:\/\/[^\s,]+)/.exec(line)
      if (found) resolve(found[1])
    })
    lines.on('close', () => reject(new Error('the server has ended without a word')))
  })
}

class Server {
  constructor(child, ended, url) {
    Object.assign(this, { child, ended, url, port: new URL(url).port })
  }

  stop() {
    this.child.kill('SIGTERM')
    return this.ended
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

  // Ends what other tests have left.
  async logOut(user) {
    await this.call(await this.login(user), 'POST', '/wx/logout?all=1')
  }

  async call(token, method, path, body) {
    const reply = await fetch(this.url + path, { method, body: body && JSON.stringify(body), headers: { Authorization: 'Bearer ' + token } })
    const text = await reply.text()
    return { status: reply.status, body: text.startsWith('{') ? JSON.parse(text) : text }
  }
}

module.exports = { everything, root, startServer }
