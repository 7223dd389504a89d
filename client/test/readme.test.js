'use strict'

// Both READMEs say the same, and say what is so.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const acorn = require('acorn')

const read = file => fs.readFileSync(path.join(__dirname, '..', file), 'utf8')
const texts = [read('README.md'), read('README.zh-CN.md')]
const types = read('wxsession.d.ts')

const blocks = text => [...text.matchAll(/^```(\w*)\n([^]*?)^```/gm)].map(([, language, code]) => ({ language, code }))
const rows = text => text.split('\n').filter(line => line.startsWith('|')).map(line => line.split(' | ')[0])
const bare = code => code.replace(/\s*\/\/.*$/gm, '')

test('the same headings, code and tables', () => {
  const [english, chinese] = texts
  assert.deepEqual(english.match(/^#+ /gm), chinese.match(/^#+ /gm))
  assert.deepEqual(blocks(english).map(b => bare(b.code)), blocks(chinese).map(b => bare(b.code)))
  assert.equal((english.match(/^- /gm) || []).length, (chinese.match(/^- /gm) || []).length)
  // Tables begin with the same names: options, calls and codes.
  const names = text => rows(text).map(row => (row.match(/`[^`]*`/g) || []).join(' '))
  assert.deepEqual(names(english), names(chinese))
})

test('the code in them parses', () => {
  for (const text of texts) {
    for (const { language, code } of blocks(text)) {
      if (language === 'js') acorn.parse(code, { ecmaVersion: 2017, sourceType: /^import /m.test(code) ? 'module' : 'script' })
    }
  }
})

// The members of an interface of wxsession.d.ts.
function members(name) {
  const body = new RegExp('interface ' + name + ' \\{([^]*?)\\n\\}').exec(types)[1]
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[?(<:]/gm)].map(m => m[1])
}

test('every option and every method is there', () => {
  for (const text of texts) {
    const first = rows(text).map(row => (/`(\w+)/.exec(row) || [])[1]).filter(Boolean)
    for (const name of [...members('SessionOptions'), ...members('Session')]) assert.ok(first.includes(name), name)
    assert.ok(members('Session').length > 12)
  }
})

test('every code that a caller may meet is there', () => {
  const codes = [...types.matchAll(/^ {2}\| '(\w+)'$|'(network|timeout|bad_reply|login_failed)'/gm)].map(m => m[1] || m[2])
  assert.ok(codes.length > 20)
  // Codes of what only a browser does, or of mistakes that are the server's operator's.
  const others = ['invalid_ticket', 'cross_origin', 'request_too_large', 'misconfigured', 'invalid_signature']
  for (const text of texts) {
    for (const code of codes.filter(c => !others.includes(c))) assert.ok(text.includes('`' + code + '`'), code)
  }
})

test('Chinese comments stand in the Chinese code', () => {
  for (const { code } of blocks(texts[1])) {
    for (const [, comment] of code.matchAll(/\/\/ (.*)$/gm)) assert.ok(/[\u4e00-\u9fff]|^\w+\.js$/.test(comment), comment)
  }
})

test('links lead to files that exist', () => {
  for (const text of texts) {
    const prose = text.replace(/^```[^]*?^```/gm, '')
    for (const [, link] of prose.matchAll(/\]\(([^)#]+)\)/g)) {
      if (!link.startsWith('https://')) assert.ok(fs.existsSync(path.join(__dirname, '..', link)), link)
    }
  }
})
