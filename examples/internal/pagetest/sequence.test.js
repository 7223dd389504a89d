'use strict'

// The sequence in the middle shows what really travels, and what stays.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { test } = require('node:test')
const { closePage, lastAct, openPage, press, shoot } = require('./support/browser.js')
const { everything } = require('./support/server.js')
const { suite } = require('./support/suite.js')

const has = suite(everything())

const open = () => openPage(has.browser, has.server)

// Opens the arrow with this title in the latest act, and returns its details.
async function look(page, title) {
  const arrow = page.locator('details.act').first().locator('details.arrow', { hasText: title }).first()
  await arrow.locator('summary').click()
  return arrow
}

test('a login goes from the mini program over our server to WeChat and into the store', async () => {
  const page = await open()
  await press(page, 'phone.login')
  const act = await lastAct(page)
  assert.deepEqual([act.name, act.badge], ['Sign in', '200'])
  assert.deepEqual(act.arrows.map(arrow => arrow.replace(/([su]):.{8}…/, '$1:…').replace(/ \d+ B$/, '')), [
    'client > wechat: wx.login',
    'wechat > client: 200 OK',
    'client > server: POST /wx/login',
    'server > wechat: GET /sns/jscode2session',
    'wechat > server: 200 OK',
    'server > store: Swap s:…',
    'store > server: done',
    'server > store: Get u:…',
    'store > server: nothing there',
    'server > store: Swap u:…',
    'store > server: done',
    'server > client: 200 OK'
  ])
  await shoot(page, 'login')
  await closePage(page)
})

test('an arrow shows the very request and reply that were on the wire', async () => {
  const page = await open()
  const wire = page.waitForResponse(response => response.url().endsWith('/wx/login'))
  await press(page, 'phone.login')
  const response = await wire
  const asked = await look(page, 'POST /wx/login')
  assert.deepEqual(JSON.parse(await asked.locator('pre').innerText()), response.request().postDataJSON())
  const answered = page.locator('details.act').first().locator('> ol.arrows details.arrow[data-from=server][data-to=client]').last()
  await answered.locator('summary').click()
  assert.deepEqual(JSON.parse(await answered.locator('pre').innerText()), await response.json())
  await closePage(page)
})

test('secrets are marked, and none of those that stay has come to the client', async () => {
  const page = await open()
  await press(page, 'phone.decrypt')
  const lane = async name => (await page.locator(`.lane[data-lane=${name}] .chip`).allInnerTexts()).sort()
  assert.deepEqual(await lane('client'), ['code', 'token'])
  assert.deepEqual(await lane('server'), ['AppSecret', 'code', 'session_key', 'token', 'token hash'])
  assert.deepEqual(await lane('wechat'), ['AppSecret', 'code', 'session_key'])
  assert.deepEqual(await lane('store'), ['session_key', 'token hash'])
  assert.match(await page.locator('#proof').innerText(), /^0 of \d+ replies/)

  const asked = await look(page, 'GET /sns/jscode2session')
  assert.match(await asked.locator('.detail').innerText(), /AppSecret: never sent to the mini program\. Shown here only because WeChat is simulated/)
  const secret = await asked.locator('dd', { has: page.locator('mark.stays') }).innerText()
  const replies = await page.locator('details.arrow[data-to=client] .detail').allTextContents()
  assert.ok(secret.length > 8 && replies.length > 3)
  for (const reply of replies) assert.ok(!reply.includes(secret))
  await closePage(page)
})

// The proof would be worth nothing if it could not fail.
test('a secret that did reach the client would show', async () => {
  const page = await open()
  await press(page, 'phone.login')
  await page.evaluate(async () => {
    const key = [...document.querySelectorAll('mark.stays')].find(mark => mark.title === 'session_key')
    key.closest('details').open = true
    const value = key.closest('details').querySelector('pre mark.stays').textContent
    const token = document.getElementById('phone-token').title
    await fetch('/api/attrs/leak', { method: 'PUT', body: value, headers: { Authorization: 'Bearer ' + token } })
    await fetch('/api/attrs/leak', { headers: { Authorization: 'Bearer ' + token } })
  })
  await page.locator('#proof:not([data-leaks="0"])').waitFor()
  assert.match(await page.locator('#proof').innerText(), /^1 of /)
  await page.context().close()
})

test('requests from elsewhere show up as they are', async () => {
  const page = await open()
  execFileSync('curl', ['-sS', has.server.url + '/api/me'])
  await page.locator('.act-name', { hasText: 'curl or another program' }).waitFor()
  await page.locator('.badge', { hasText: '401 no_session' }).waitFor()
  assert.deepEqual((await lastAct(page)).arrows, ['client > server: GET /api/me', 'server > client: 401 no_session'])
  await closePage(page)
})

test('of many acts the latest stands open, and an older one opens again', async () => {
  const page = await open()
  for (const key of ['phone.login', 'phone.api', 'phone.decrypt']) await press(page, key)
  const states = () => page.locator('details.act').evaluateAll(acts => acts.map(act => act.open))
  assert.deepEqual(await states(), [true, false, false])
  await page.locator('details.act > summary').nth(2).click()
  assert.deepEqual(await states(), [true, false, true])
  await page.locator('details.act').first().locator('.quiet > summary').click()
  assert.match(await page.locator('details.act').first().locator('.quiet .arrows').innerText(), /GET \/wx\/sessions/)
  await closePage(page)
})

test('arrows come one by one for those who like motion', async () => {
  const page = await openPage(has.browser, has.server, { reducedMotion: 'no-preference' })
  await page.evaluate(() => {
    window.times = []
    new MutationObserver(changes => {
      if (changes.some(change => change.target.matches('.arrows'))) window.times.push(performance.now())
    }).observe(document.getElementById('acts'), { childList: true, subtree: true })
  })
  await press(page, 'phone.login')
  const times = await page.evaluate(() => window.times)
  assert.ok(times.length >= 12, times.length + ' arrows')
  for (let i = 1; i < times.length; i++) assert.ok(times[i] - times[i - 1] > 50, 'an arrow after ' + (times[i] - times[i - 1]) + ' ms')
  await closePage(page)
})
