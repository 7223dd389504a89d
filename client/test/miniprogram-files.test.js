'use strict'

// Every file of the example mini program, as WeChat DevTools would look at it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const acorn = require('acorn')
const walk = require('acorn-walk')
const { TmplGroup } = require('glass-easel-template-compiler')
const postcss = require('postcss')
const { files, folder } = require('./support/miniprogram.js')
const { clientFile } = require('./support/runtime.js')
const schema = require('./support/schema.js')

const read = name => fs.readFileSync(path.join(folder, name), 'utf8')
const json = name => JSON.parse(read(name))
const ofKind = kind => files().filter(name => name.endsWith(kind))
const app = json('app.json')

test('the client in it is the client', () => {
  assert.ok(fs.readFileSync(clientFile).equals(fs.readFileSync(path.join(folder, 'utils', 'wxsession.js'))),
    'copy client/wxsession.js to examples/miniprogram/utils/wxsession.js')
})

test('app.json, sitemap.json and project.config.json have permitted keys and values', () => {
  assert.deepEqual(schema.problemsOf(schema.app, app, 'app.json'), [])
  assert.deepEqual(schema.problemsOf(schema.sitemap, json('sitemap.json'), 'sitemap.json'), [])
  assert.deepEqual(schema.problemsOf(schema.project, json('project.config.json'), 'project.config.json'), [])
})

test('the tables of permitted keys find what is wrong', () => {
  for (const [check, value] of [
    [schema.app, {}], [schema.app, { pages: ['pages/a/b'] }], [schema.app, { pages: [], windows: {} }], [schema.app, { pages: [], window: { navigationBarTextStyle: 'red' } }],
    [schema.pageConfig, { navigationBarTitle: 'x' }], [schema.sitemap, { rules: [{ action: 'deny', page: '*' }] }], [schema.project, { ...json('project.config.json'), appid: 'wx1' }]
  ]) {
    assert.notDeepEqual(schema.problemsOf(check, value, 'x'), [])
  }
})

test('every page has its four files, and there are no others', () => {
  const expected = ['README.md', 'README.zh-CN.md', 'app.js', 'app.json', 'app.wxss', 'config.js', 'project.config.json', 'sitemap.json', 'theme.json',
    'utils/simulated.js', 'utils/text.js', 'utils/wxsession.js']
  for (const page of app.pages) for (const kind of ['.js', '.json', '.wxml', '.wxss']) expected.push(page + kind)
  assert.deepEqual(files(), expected.sort())
})

test('the pages that were promised are there, the scan page under its address', () => {
  assert.deepEqual(app.pages, ['profile', 'devices', 'phone', 'web', 'scan'].map(name => 'pages/' + name + '/' + name))
})

test("every page's JSON has permitted keys and values", () => {
  for (const page of app.pages) assert.deepEqual(schema.problemsOf(schema.pageConfig, json(page + '.json'), page), [])
})

test('the theme defines for light and dark what is used', () => {
  const theme = json('theme.json')
  assert.deepEqual(Object.keys(theme).sort(), ['dark', 'light'])
  const used = [app, ...app.pages.map(page => json(page + '.json'))].flatMap(config => [...JSON.stringify(config).matchAll(/"@(\w+)"/g)].map(m => m[1]))
  for (const mode of ['light', 'dark']) {
    assert.deepEqual(Object.keys(theme[mode]).sort(), [...new Set(used)].sort())
    assert.ok(['black', 'white'].includes(theme[mode].barText))
    assert.ok(['dark', 'light'].includes(theme[mode].pulling))
    for (const name of ['bar', 'page']) assert.match(theme[mode][name], /^#[0-9a-f]{6}$/)
  }
})

test('what packing leaves out exists', () => {
  for (const { value } of json('project.config.json').packOptions.ignore) assert.ok(files().includes(value), value)
})

// --- WXML

// The elements of a well-formed WXML: name, attributes, and what stands before.
function elements(source) {
  return [...source.matchAll(/<([a-z-]+)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*\/?>/g)].map(([, name, attributes]) => ({
    name,
    attributes: [...attributes.matchAll(/([\w:-]+)(?:="([^"]*)")?/g)].map(m => ({ name: m[1], value: m[2] }))
  }))
}

// The options that a page gives to Page().
function pageOptions(page) {
  const tree = acorn.parse(read(page + '.js'), { ecmaVersion: 2017 })
  const call = tree.body.map(node => node.expression).find(node => node && node.type === 'CallExpression' && node.callee.name === 'Page')
  const members = call.arguments[0].properties
  const data = members.find(m => m.key.name === 'data').value.properties.map(m => m.key.name)
  const methods = members.filter(m => m.method || m.value.type === 'FunctionExpression').map(m => m.key.name)
  return { data, methods }
}

for (const page of app.pages) {
  const source = read(page + '.wxml')

  test(page + '.wxml: WeChat’s own template compiler takes it without a warning', () => {
    const group = new TmplGroup()
    const problems = group.addTmpl(page, source).map(p => p.message + ' at line ' + (p.startLine + 1))
    assert.deepEqual(problems, [])
    assert.ok(group.getTmplGenObjectGroups().length > 0)
  })

  test(page + '.wxml: known components and attributes', () => {
    const found = elements(source)
    assert.equal(found.length, (source.match(/<[a-z]/g) || []).length, 'every element was read')
    for (const { name, attributes } of found) {
      assert.ok(schema.components[name], 'unknown component ' + name)
      for (const a of attributes) {
        assert.ok([...schema.common, ...schema.components[name]].includes(a.name) || a.name.startsWith('data-'), name + ' has no attribute ' + a.name)
        const allowed = schema.values[name + ' ' + a.name]
        if (allowed) assert.ok(allowed.includes(a.value), a.name + '="' + a.value + '"')
      }
    }
  })

  test(page + '.wxml: handlers exist, and so does all that it shows', () => {
    const { data, methods } = pageOptions(page)
    for (const { attributes } of elements(source)) {
      for (const a of attributes) if (/^(bind|catch)/.test(a.name)) assert.ok(methods.includes(a.value), a.name + '="' + a.value + '"')
    }
    const known = [...data, ...(source.includes('wx:for=') ? ['item', 'index'] : [])]
    for (const [, expression] of source.matchAll(/\{\{([^]*?)\}\}/g)) {
      walk.simple(acorn.parseExpressionAt(expression, 0, { ecmaVersion: 2017 }), {
        Identifier: node => assert.ok(known.includes(node.name), page + ' has no ' + node.name)
      })
    }
  })

  test(page + '.wxml: links lead to pages, classes are defined', () => {
    const defined = new Set([...(read('app.wxss') + read(page + '.wxss')).matchAll(/\.([a-z][\w-]*)/g)].map(m => m[1]))
    for (const { name, attributes } of elements(source)) {
      for (const a of attributes) {
        if (name === 'navigator' && a.name === 'url') assert.ok(app.pages.includes(a.value.slice(1)), a.value)
        if (a.name !== 'class' && a.name !== 'hover-class') continue
        const classes = a.value.replace(/\{\{[^]*?\}\}/g, expression => [...expression.matchAll(/'([\w-]+)'/g)].map(m => m[1]).filter(word => word !== 'confirmed').join(' '))
        for (const name of classes.split(/\s+/).filter(Boolean)) assert.ok(defined.has(name), 'no style for .' + name)
      }
    }
  })
}

test('the compiler finds what is wrong', () => {
  for (const source of ['<view>', '</view>', '<view class=a/>', '<view wx:fi="{{a}}"/>', '<view>{{a +}}</view>']) {
    assert.ok(new TmplGroup().addTmpl('x', source).length > 0, source)
  }
})

// --- WXSS

for (const name of ofKind('.wxss')) {
  test(name + ' parses; at-rules, variables and colours are known', () => {
    const root = postcss.parse(read(name))
    const variables = new Set([...read('app.wxss').matchAll(/^\s+(--[\w-]+):/gm)].map(m => m[1]))
    root.walkAtRules(rule => assert.ok(schema.atRules.includes(rule.name), '@' + rule.name))
    root.walkDecls(declaration => {
      for (const [, variable] of declaration.value.matchAll(/var\((--[\w-]+)\)/g)) assert.ok(variables.has(variable), variable)
      assert.ok(!/\d(px|rem|em)\b/.test(declaration.value), 'sizes are in rpx: ' + declaration)
      for (const [colour] of declaration.value.matchAll(/#[0-9a-zA-Z]+/g)) assert.match(colour, /^#[0-9a-f]{6}$/)
    })
    root.walkRules(rule => assert.ok(!/[*#>~]|\[/.test(rule.selector), 'a selector that WXSS may not know: ' + rule.selector))
  })
}

test('light and dark define the same variables', () => {
  const names = text => [...text.matchAll(/^\s+(--[\w-]+):/gm)].map(m => m[1])
  const [light, dark] = read('app.wxss').split('@media')
  assert.deepEqual(names(dark), names(light))
})

// The contrast of two colours, as WCAG 2 has it.
function contrast(one, other) {
  const light = colour => [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
  const [low, high] = [light(one), light(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

test('everybody can read it, in light and dark', () => {
  for (const mode of read('app.wxss').split('@media')) {
    const colours = Object.fromEntries([...mode.matchAll(/--([\w-]+): (#\w+)/g)].map(m => [m[1], m[2]]))
    for (const [text, ground] of [['text', 'page'], ['text', 'card'], ['soft', 'page'], ['soft', 'card'], ['brand', 'brand-tint'], ['on-brand', 'brand'], ['danger', 'danger-tint'], ['danger', 'card']]) {
      const ratio = contrast(colours[text], colours[ground])
      assert.ok(ratio >= 4.5, text + ' on ' + ground + ' has ' + ratio.toFixed(2))
    }
  }
})

// --- JavaScript (that its calls of wx exist is checked by tsc, in types.test.js)

for (const name of ofKind('.js')) {
  test(name + ' is ES2017, without PATCH, cookies and what needs helpers', () => {
    const source = read(name)
    const tree = acorn.parse(source, { ecmaVersion: 2017, sourceType: 'script' })
    walk.full(tree, node => {
      assert.ok(!node.async && !node.generator, 'async functions and generators need helpers')
      if (node.type === 'Literal' && typeof node.value === 'string') assert.doesNotMatch(node.value, /^patch$|cookie$/i)
      if (node.type === 'Identifier') assert.doesNotMatch(node.name, /^cookies?$/i)
    })
  })
}

test('the server is named in config.js alone', () => {
  for (const name of ofKind('.js')) {
    if (name !== 'config.js') assert.doesNotMatch(read(name).replace(/^\s*\/\/.*$/gm, '').replace('https://your.host', ''), /https?:\/\/\w/, name)
  }
})

test('texts on the screen are Chinese, comments English', () => {
  for (const name of ofKind('.js').filter(n => n !== 'utils/wxsession.js')) {
    for (const [, comment] of read(name).matchAll(/(?:^|\s)\/\/ (.*)$/gm)) assert.doesNotMatch(comment, /[\u4e00-\u9fff]/, name)
  }
  for (const page of app.pages) assert.match(json(page + '.json').navigationBarTitleText, /[\u4e00-\u9fff]/)
})

test('both READMEs name the same things', () => {
  const names = text => [...text.matchAll(/`([^`]+)`/g)].map(m => m[1]).sort()
  const [english, chinese] = [read('README.md'), read('README.zh-CN.md')]
  for (const name of new Set(names(english))) assert.ok(chinese.includes(name), name)
  for (const name of new Set(names(chinese))) assert.ok(english.includes(name), name)
  for (const text of [english, chinese]) {
    for (const [, link] of text.matchAll(/\]\(([^)#]+)\)/g)) assert.ok(fs.existsSync(path.join(folder, link)), link)
  }
})
