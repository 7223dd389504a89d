'use strict'

// English and Chinese.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const vm = require('node:vm')
const { checkWords, closePage, openPage, press, shoot, visit } = require('./support/browser.js')
const { everything } = require('./support/server.js')
const { suite } = require('./support/suite.js')

const has = suite(everything())

function words(language) {
  const source = fs.readFileSync(path.join(__dirname, '../demo/page/script', language + '.js'), 'utf8')
  return vm.runInNewContext('(() => {' + source + '\nreturn ' + language + '})()')
}

test('both languages have the same texts with the same names in them', () => {
  const [english, chinese] = [words('english'), words('chinese')]
  assert.deepEqual(Object.keys(chinese), Object.keys(english))
  const names = text => (text.match(/\{\w+\}|`[^`]*`/g) || []).sort().join(' ')
  for (const key of Object.keys(english)) assert.equal(names(chinese[key]), names(english[key]), key)
})

for (const [locale, lang, title] of [['en-GB', 'en', 'What happens'], ['zh-CN', 'zh-CN', '发生了什么'], ['zh-TW', 'zh-CN', '发生了什么'], ['de-DE', 'en', 'What happens']]) {
  test('a browser in ' + locale + ' gets ' + lang, async () => {
    const page = await openPage(has.browser, has.server, { locale })
    assert.equal(await page.locator('html').getAttribute('lang'), lang)
    assert.equal(await page.locator('#sequence-title').innerText(), title)
    await closePage(page)
  })
}

test('the switch changes every text, what has happened already included, and is remembered', async () => {
  const page = await openPage(has.browser, has.server)
  for (const key of ['phone.login', 'phone.jwt', 'devices.second']) await press(page, key)
  await page.locator('[data-focus="trouble.hour"]').click()
  await page.locator('.moment').first().waitFor()
  await page.getByRole('button', { name: '中文' }).click()
  assert.equal(await page.title(), 'wxsession：看小程序怎样登录')
  for (const text of ['登录', '签名 token', 'alice 的设备', '制造故障', '一分钟看懂']) await page.getByText(text, { exact: true }).first().waitFor()
  await page.frameLocator('#site iframe').getByRole('button', { name: '微信扫码登录' }).waitFor()
  await shoot(page, 'chinese', { fullPage: true })
  assert.deepEqual(await englishWords(page), [])
  await checkWords(page)
  await visit(page, has.server.url + '/')
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN')
  await page.getByRole('button', { name: 'English' }).click()
  assert.equal(await page.locator('#sequence-title').innerText(), 'What happens')
  await closePage(page)
})

// What is still in English on a Chinese page, code and names apart.
function englishWords(page) {
  const texts = Object.values(words('english')).filter(text => /^[A-Z][a-z]+( |$)/.test(text) && !text.includes('{'))
  return page.evaluate(texts => {
    const shown = new Set([...document.querySelectorAll('#main-view *')].filter(el => el.checkVisibility() && el.children.length === 0 && el.getAttribute('translate') !== 'no')
      .flatMap(el => [el.textContent, el.getAttribute('aria-label')]))
    return texts.filter(text => shown.has(text))
  }, texts)
}
