'use strict'

// npm test: builds the example servers once and runs all tests, or those that are
// named. Needs Node 20.10, Go and Chromium. Screenshots go to the folder shots.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { root } = require('./support/server.js')

const servers = ['gin', 'echo', 'nethttp']

function build(into) {
  const packages = servers.map(name => './examples/' + name)
  const go = spawnSync('go', ['build', '-o', into + path.sep, ...packages], { cwd: root, stdio: 'inherit' })
  if (go.status !== 0) throw new Error('the example servers do not build')
}

const named = process.argv.slice(2)
const files = named.length ? named.map(file => path.resolve(file))
  : fs.readdirSync(__dirname).filter(file => file.endsWith('.test.js')).map(file => path.join(__dirname, file))
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'wxsession-page-'))
let status = 1
try {
  build(work)
  fs.mkdirSync(path.join(__dirname, 'shots'), { recursive: true })
  const run = spawnSync(process.execPath, ['--test', '--test-concurrency=2', '--test-timeout=180000', '--test-reporter=spec', ...files], {
    stdio: 'inherit',
    env: Object.assign({}, process.env, { WXSESSION_PAGE_SERVERS: work })
  })
  status = run.status === null ? 1 : run.status
} finally {
  fs.rmSync(work, { recursive: true, force: true })
}
process.exitCode = status
