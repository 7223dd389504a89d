'use strict'

// What npm pack makes: the right files, and a package that works where nothing
// else is.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { startServer } = require('./support/server.js')

const folder = path.join(__dirname, '..')
const manifest = require('../package.json')
let work, tarball, server

// npm by its own file, so that Windows needs no shell. It gets a cache of its
// own: what is installed comes from the tarball.
function npm(args, cwd) {
  const beside = path.join(path.dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js')
  const cli = [process.env.npm_execpath, beside].find(file => file && /npm-cli\.js$/.test(file) && fs.existsSync(file))
  const [command, first] = cli ? [process.execPath, [cli]] : ['npm', []]
  return execFileSync(command, [...first, ...args, '--cache', path.join(work, 'cache')], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

before(async () => {
  work = fs.mkdtempSync(path.join(os.tmpdir(), 'wxsession-pack-'))
  const [packed] = Object.values(JSON.parse(npm(['pack', '--json', '--pack-destination', work], folder)))
  tarball = { file: path.join(work, packed.filename), files: packed.files.map(f => f.path), size: packed.size }
  server = await startServer()
})
after(async () => {
  fs.rmSync(work, { recursive: true, force: true })
  await server.stop()
})

test('the tarball holds the client, its types and what one reads, and nothing else', () => {
  assert.deepEqual(tarball.files.sort(), ['LICENSE', 'README.md', 'README.zh-CN.md', 'package.json', 'wxsession.d.ts', 'wxsession.js'])
})

test('the manifest: no dependencies, no scripts at installation, entries that exist', () => {
  assert.equal(manifest.name, 'wxsession-client')
  assert.equal(manifest.license, 'MIT')
  assert.equal(manifest.dependencies, undefined)
  assert.equal(manifest.peerDependencies, undefined)
  assert.equal(manifest.optionalDependencies, undefined)
  assert.deepEqual(Object.keys(manifest.scripts), ['test'])
  for (const file of [manifest.main, manifest.types, ...manifest.files]) assert.ok(fs.existsSync(path.join(folder, file)), file)
  assert.equal(fs.readFileSync(path.join(folder, 'LICENSE'), 'utf8'), fs.readFileSync(path.join(folder, '..', 'LICENSE'), 'utf8'))
})

test('installed offline into an empty folder, it logs in', () => {
  const app = path.join(work, 'app')
  fs.mkdirSync(app)
  fs.writeFileSync(path.join(app, 'package.json'), '{"private":true}')
  npm(['install', '--offline', '--no-audit', '--no-fund', tarball.file], app)
  assert.deepEqual(fs.readdirSync(path.join(app, 'node_modules')).filter(name => !name.startsWith('.')), ['wxsession-client'])
  fs.writeFileSync(path.join(app, 'main.js'), `
    const { createSession, WXSessionError } = require('wxsession-client')
    const { createPlatform } = require(${JSON.stringify(path.join(__dirname, 'support', 'platform.js'))})
    const { wx } = createPlatform(${JSON.stringify(server.url)}, 'packed')
    const session = createSession({ baseUrl: ${JSON.stringify(server.url)}, platform: wx })
    session.request({ url: '/api/me' }).then(res => console.log(res.statusCode, typeof WXSessionError))
  `)
  assert.equal(execFileSync(process.execPath, ['main.js'], { cwd: app, encoding: 'utf8' }).trim(), '200 function')
  fs.writeFileSync(path.join(app, 'module.mjs'), "import { createSession, WXSessionError } from 'wxsession-client'\nconsole.log(typeof createSession, typeof WXSessionError)\n")
  assert.equal(execFileSync(process.execPath, ['module.mjs'], { cwd: app, encoding: 'utf8' }).trim(), 'function function')
})

test('TypeScript finds the types of the installed package', () => {
  const app = path.join(work, 'app')
  fs.writeFileSync(path.join(app, 'main.ts'), "import { createSession, Session } from 'wxsession-client'\nexport const s: Session = createSession({ baseUrl: 'https://your.host' })\n")
  const base = { noEmit: true, strict: true, types: [], target: 'es2017', lib: ['es2017'] }
  for (const [module, moduleResolution] of [['commonjs', 'node10'], ['node16', 'node16'], ['esnext', 'bundler']]) {
    fs.writeFileSync(path.join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...base, module, moduleResolution }, files: ['main.ts'] }))
    execFileSync(process.execPath, [require.resolve('typescript/bin/tsc')], { cwd: app, encoding: 'utf8' })
  }
})

test('the lock file names no place', () => {
  const lock = fs.readFileSync(path.join(folder, 'package-lock.json'), 'utf8')
  for (const place of ['"resolved"', 'registry', 'file:']) {
    assert.ok(!lock.includes(place), 'package-lock.json contains ' + place + ': write it with npm install --package-lock-only --omit-lockfile-registry-resolved')
  }
})
