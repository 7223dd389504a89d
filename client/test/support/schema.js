'use strict'

// What WeChat's documentation permits in the files of a mini program, as far as
// the example has a use for it: keys of the JSON files with a test of their
// values, components of WXML with their attributes, at-rules of WXSS. Anything
// else is a typo, or has to be looked up and added here.

const text = value => typeof value === 'string'
const flag = value => typeof value === 'boolean'
const colour = value => /^(#[0-9a-fA-F]{6}|@\w+)$/.test(value) // or a variable of theme.json
const oneOf = (...values) => value => values.includes(value)
const ofTheme = (...values) => value => values.includes(value) || /^@\w+$/.test(value)
const list = test => value => Array.isArray(value) && value.every(test)
const page = value => /^pages\/(\w+)\/\1$/.test(value)

// An object with these keys; a key that ends with ? may be missing.
const shape = keys => function check(value, where, problems) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return problems.push(where + ' is no object')
  const known = {}
  for (const key of Object.keys(keys)) {
    const name = key.replace(/\?$/, '')
    known[name] = keys[key]
    if (!key.endsWith('?') && value[name] === undefined) problems.push(where + ' lacks ' + name)
  }
  for (const [name, member] of Object.entries(value)) {
    const test = known[name]
    if (!test) problems.push(where + ' has the unknown key ' + name)
    else if (test.length > 1) test(member, where + '.' + name, problems)
    else if (!test(member)) problems.push(where + '.' + name + ' is ' + JSON.stringify(member))
  }
}

const each = test => function check(value, where, problems) {
  if (!Array.isArray(value)) return problems.push(where + ' is no list')
  value.forEach((member, i) => test(member, where + '[' + i + ']', problems))
}

// Keys that a page shares with app.json's window.
const look = {
  'navigationBarBackgroundColor?': colour,
  'navigationBarTextStyle?': ofTheme('black', 'white'),
  'navigationBarTitleText?': text,
  'navigationStyle?': oneOf('default', 'custom'),
  'backgroundColor?': colour,
  'backgroundTextStyle?': ofTheme('dark', 'light'),
  'enablePullDownRefresh?': flag,
  'onReachBottomDistance?': Number.isInteger,
  'pageOrientation?': oneOf('portrait', 'auto', 'landscape')
}

const app = shape({
  pages: list(page),
  'window?': shape(look),
  'style?': oneOf('v2'),
  'darkmode?': flag,
  'themeLocation?': oneOf('theme.json'),
  'sitemapLocation?': oneOf('sitemap.json'),
  'lazyCodeLoading?': oneOf('requiredComponents')
})

const pageConfig = shape({ ...look, 'disableScroll?': flag, 'usingComponents?': shape({}) })

const sitemap = shape({
  'desc?': text,
  rules: each(shape({
    action: oneOf('allow', 'disallow'),
    page: text,
    'params?': list(text),
    'matching?': oneOf('exact', 'inclusive', 'exclusive', 'partial'),
    'priority?': Number.isInteger
  }))
})

const project = shape({
  'description?': text,
  compileType: oneOf('miniprogram'),
  appid: value => value === 'touristappid' || /^wx[0-9a-f]{16}$/.test(value),
  projectname: value => /^[\w-]+$/.test(value),
  libVersion: value => /^\d+\.\d+\.\d+$/.test(value),
  'packOptions?': shape({
    ignore: each(shape({ type: oneOf('file', 'folder', 'suffix', 'prefix', 'regexp', 'glob'), value: text })),
    include: each(shape({ type: text, value: text }))
  }),
  setting: shape({
    'urlCheck?': flag,
    'es6?': flag,
    'enhance?': flag,
    'postcss?': flag,
    'minified?': flag,
    'minifyWXSS?': flag,
    'minifyWXML?': flag
  }),
  'condition?': shape({
    miniprogram: shape({
      list: each(shape({ name: text, pathName: page, query: text, 'launchMode?': oneOf('default', 'singlePage'), 'scene?': value => value === null || Number.isInteger(value) }))
    })
  })
})

// What every component takes.
const common = ['id', 'class', 'style', 'hidden', 'bindtap', 'catchtap', 'aria-role', 'aria-label', 'aria-hidden',
  'wx:if', 'wx:elif', 'wx:else', 'wx:for', 'wx:key', 'wx:for-item', 'wx:for-index']
const hover = ['hover-class', 'hover-stop-propagation', 'hover-start-time', 'hover-stay-time']
const components = {
  block: [],
  view: hover,
  text: ['user-select', 'space', 'decode'],
  image: ['src', 'mode', 'lazy-load', 'binderror', 'bindload'],
  navigator: [...hover, 'url', 'open-type', 'delta', 'target'],
  button: [...hover, 'size', 'type', 'plain', 'disabled', 'loading', 'form-type', 'open-type', 'bindgetphonenumber'],
  input: ['value', 'type', 'password', 'placeholder', 'placeholder-style', 'placeholder-class', 'disabled', 'maxlength', 'focus', 'confirm-type', 'bindinput', 'bindfocus', 'bindblur', 'bindconfirm'],
  'web-view': ['src', 'bindmessage', 'bindload', 'binderror']
}
const values = {
  'input type': ['text', 'number', 'idcard', 'digit', 'safe-password', 'nickname'],
  'button open-type': ['getPhoneNumber', 'chooseAvatar', 'contact', 'share', 'openSetting', 'feedback'],
  'button type': ['primary', 'default', 'warn'],
  'navigator open-type': ['navigate', 'redirect', 'switchTab', 'reLaunch', 'navigateBack', 'exit']
}

const atRules = ['import', 'media', 'keyframes', 'font-face']

// The problems that one of the above finds.
function problemsOf(check, value, where) {
  const problems = []
  check(value, where, problems)
  return problems
}

module.exports = { app, atRules, common, components, pageConfig, problemsOf, project, sitemap, values }
