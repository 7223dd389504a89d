'use strict'

// The login page that a website copies, examples/website/login.html, on the origin of
// the example server.

const assert = require('node:assert/strict')
const path = require('node:path')
const { test } = require('node:test')
const { newPage } = require('./support/browser.js')
const { everything, root } = require('./support/server.js')
const { suite } = require('./support/suite.js')

const has = suite(everything())
const file = path.join(root, 'examples/website/login.html')

// The page, and how many logins it has begun.
async function open() {
  const page = await newPage(has.browser)
  const url = has.server.url + '/login'
  const sent = { logins: 0 }
  await page.route(url, route => route.fulfill({ path: file, contentType: 'text/html; charset=utf-8' }))
  page.on('request', request => { sent.logins += request.url().endsWith('/wx/scan') })
  await page.goto(url)
  await says(page, 'Scan the code with WeChat.')
  return { page, sent }
}

const says = (page, text) => page.locator('#state', { hasText: text }).waitFor()

// What the mini program does with the code that the page shows.
async function phone(page, token, action) {
  const [, id] = /scan\/([^/]+)\/code$/.exec(await page.locator('#code').getAttribute('src'))
  const reply = await has.server.call(token, 'POST', '/wx/scan/' + id, { action })
  assert.equal(reply.status, 200)
}

async function close(page) {
  assert.deepEqual(page.complaints, [])
  await page.context().close()
}

test('the image is shown, and a confirmed login loads the page again, logged in', async () => {
  const { page, sent } = await open()
  const image = page.locator('#code')
  await image.evaluate(img => img.decode())
  assert.ok(await image.evaluate(img => img.naturalWidth) > 100)
  const token = await has.server.login('alice')
  await phone(page, token, 'scan')
  await says(page, 'Scanned. Confirm it on the phone.')
  await phone(page, token, 'confirm')
  await says(page, 'Logged in: ' + (await has.server.call(token, 'GET', '/api/me')).body.openid)
  assert.ok(await image.isHidden())
  assert.equal(sent.logins, 1)
  await close(page)
})

test('a login that is refused ends', async () => {
  const { page, sent } = await open()
  const token = await has.server.login('alice')
  await phone(page, token, 'scan')
  await phone(page, token, 'deny')
  await says(page, 'The phone has refused.')
  await page.locator('#code').waitFor({ state: 'hidden' })
  assert.equal(sent.logins, 1)
  await close(page)
})

test('a login that is over, by 404, begins anew with another image', async () => {
  const { page } = await open()
  const before = await page.locator('#code').getAttribute('src')
  await has.server.control('clock', { advance: '4m' }) // it lives for three minutes
  await page.waitForFunction(src => document.getElementById('code').getAttribute('src') !== src, before, { timeout: 40000 })
  const token = await has.server.login('alice')
  await phone(page, token, 'scan')
  await says(page, 'Scanned. Confirm it on the phone.')
  await close(page)
})

test('an outage decides nothing', async () => {
  const { page, sent } = await open()
  let refused = 0
  await page.route('**/wx/scan/*?state=scanned*', route => ++refused === 1 ? route.fulfill({ status: 503, body: '{}' }) : route.continue())
  const token = await has.server.login('alice')
  await phone(page, token, 'scan')
  await says(page, 'Scanned. Confirm it on the phone.')
  await phone(page, token, 'confirm')
  await says(page, 'Logged in: ')
  assert.ok(refused > 1, 'a poll was refused, and sent again')
  assert.equal(sent.logins, 1)
  await close(page)
})

test('a login that cannot begin says so, and is tried again', async () => {
  const page = await newPage(has.browser)
  const url = has.server.url + '/login'
  let asked = 0
  await page.route(url, route => route.fulfill({ path: file, contentType: 'text/html; charset=utf-8' }))
  await page.route('**/wx/scan', route => ++asked === 1 ? route.fulfill({ status: 429, body: '{}' }) : route.continue())
  await page.goto(url)
  await says(page, 'No login is possible just now.')
  await says(page, 'Scan the code with WeChat.')
  assert.equal(asked, 2)
  await page.context().close()
})
