'use strict'

// npm test: builds the Go example server once and runs all tests, or those
// that are named. Node 20.10 or newer; go in PATH.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { build } = require('./support/server.js')

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 10)) throw new Error('these tests need Node 20.10 or newer, this is ' + process.version)

const named = process.argv.slice(2)
const files = named.length ? named.map(file => path.resolve(file))
  : fs.readdirSync(__dirname).filter(file => file.endsWith('.test.js')).map(file => path.join(__dirname, file))
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'wxsession-'))
let status = 1
try {
  const server = path.join(work, process.platform === 'win32' ? 'server.exe' : 'server')
  build(server)
  const run = spawnSync(process.execPath, ['--test', '--test-concurrency=2', '--test-timeout=60000', '--test-reporter=spec', ...files], {
    stdio: 'inherit',
    env: Object.assign({}, process.env, { WXSESSION_TEST_SERVER: server })
  })
  status = run.status === null ? 1 : run.status
} finally {
  fs.rmSync(work, { recursive: true, force: true })
}
process.exitCode = status
