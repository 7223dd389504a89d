'use strict'

// The real Go example server, with WeChat simulated in its process.

const { execFileSync, spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const root = path.join(__dirname, '..', '..', '..')

// Builds the server at file. test/run.js does it once for all test files.
function build(file) {
  try {
    execFileSync('go', ['build', '-o', file, './examples/gin'], {
      cwd: root,
      env: Object.assign({}, process.env, { GOFLAGS: '-buildvcs=false' }),
      stdio: ['ignore', 'ignore', 'inherit']
    })
  } catch (err) {
    if (err.code !== 'ENOENT') throw err
    throw new Error('these tests run against the Go example server: install Go (https://go.dev/dl) so that go is in PATH')
  }
}

// The built server: that of test/run.js, or one of this test file's own.
let own = ''
function binary() {
  if (process.env.WXSESSION_TEST_SERVER) return process.env.WXSESSION_TEST_SERVER
  if (!own) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxsession-'))
    process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
    own = path.join(folder, 'server')
    build(own)
  }
  return own
}

// Starts a server on a free port; env adds to its variables. It resolves with
// { url, stop } when the server has printed its address.
function startServer(env) {
  const clean = Object.keys(process.env).filter(name => !name.startsWith('WX_')).map(name => [name, process.env[name]])
  const child = spawn(binary(), [], {
    env: Object.assign(Object.fromEntries(clean), { ADDR: '127.0.0.1:0', WX_PHONE_ROUTE: 'true' }, env),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const stop = () => {
    process.off('exit', kill)
    child.kill('SIGKILL') // it has nothing to save
    return ended
  }
  return new Promise((resolve, reject) => {
    let printed = ''
    const read = data => {
      printed += data
      const found = /^listening on (http:\/\/\S+?),?\s/m.exec(printed)
      if (found) resolve({ url: found[1], stop })
    }
    child.stdout.on('data', read)
    child.stderr.on('data', data => { printed += data })
    ended.then(code => reject(new Error('the server ended with ' + code + ':\n' + printed)))
  })
}

module.exports = { build, root, startServer }
