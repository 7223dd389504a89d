'use strict'

// The types, checked by tsc: by themselves, against wx, uni and Taro as their
// packages have them; and what the client itself asks of its runtime.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const ts = require('typescript')

const folder = path.join(__dirname, 'types')
const tsc = require.resolve('typescript/bin/tsc')

const cases = {
  own: 'the declarations stand on their own',
  wx: 'a mini program in TypeScript (miniprogram-api-typings)',
  uni: 'uni-app (@dcloudio/types)',
  taro: 'Taro (@tarojs/taro)',
  miniprogram: 'the example mini program calls what wx has, in ES2017',
  source: 'the client needs the library of ES2017, two timers, wx and module, and nothing else'
}
for (const [name, title] of Object.entries(cases)) {
  test(title, () => {
    const run = spawnSync(process.execPath, [tsc, '-p', path.join(folder, 'tsconfig.' + name + '.json')], { encoding: 'utf8' })
    assert.equal(run.stdout, '')
    assert.equal(run.status, 0)
  })
}

test('every configuration is checked', () => {
  const found = fs.readdirSync(folder).map(file => /^tsconfig\.(\w+)\.json$/.exec(file)).filter(Boolean).map(m => m[1])
  assert.deepEqual(found.sort(), Object.keys(cases).sort())
})

test('the types name what the file exports and what a session has', () => {
  const text = fs.readFileSync(path.join(__dirname, '..', 'wxsession.d.ts'), 'utf8')
  const file = ts.createSourceFile('wxsession.d.ts', text, ts.ScriptTarget.ES2017, true)
  const values = file.statements.filter(s => ts.isFunctionDeclaration(s) || ts.isClassDeclaration(s)).map(s => s.name.text)
  const client = require('..')
  assert.deepEqual(values.sort(), Object.keys(client).sort())
  const declared = file.statements.find(s => ts.isInterfaceDeclaration(s) && s.name.text === 'Session').members.map(m => m.name.text)
  const session = client.createSession({ baseUrl: 'https://your.host', platform: { login() {}, request() {} } })
  assert.deepEqual(declared.sort(), Object.keys(session).sort())
})
