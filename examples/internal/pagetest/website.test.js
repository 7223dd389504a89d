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

// The page, and what it sends: {scans} are the ids of the logins that it began.
async function open() {
  const page = await newPage(has.browser)
  const url = has.server.url + '/login'
  const scans = []
  await page.route(url, route => route.fulfill({ path: file, contentType: 'text/html; charset=utf-8' }))
  page.on('response', async response => {
    if (response.url().endsWith('/wx/scan') && response.ok()) scans.push((await response.json()).id)
  })
  await page.goto(url)
  await says(page, 'Scan the code with WeChat.')
  return { page, scans }
}

const says = (page, text) => page.locator('#state', { hasText: text }).waitFor()

// What the mini program does.
async function phone(token, id, action) {
  const reply = await has.server.call(token, 'POST', '/wx/scan/' + id, { action })
  assert.equal(reply.status, 200)
}

async function close(page) {
  assert.deepEqual(page.complaints, [])
  await page.context().close()
}

test('the image is shown, and a confirmed login loads the page again, logged in', async () => {
  const { page, scans } = await open()
  const image = page.locator('#code')
  await image.evaluate(img => img.decode())
  assert.ok(await image.evaluate(img => img.naturalWidth) > 100)
  const token = await has.server.login('alice')
  await phone(token, scans[0], 'scan')
  await says(page, 'Scanned. Confirm it on the phone.')
  await phone(token, scans[0], 'confirm')
  await says(page, 'Logged in: ' + (await has.server.call(token, 'GET', '/api/me')).body.openid)
  assert.ok(await image.isHidden())
  assert.equal(scans.length, 1)
  await close(page)
})

test('a login that is refused ends', async () => {
  const { page, scans } = await open()
  const token = await has.server.login('alice')
  await phone(token, scans[0], 'scan')
  await phone(token, scans[0], 'deny')
  await says(page, 'The phone has refused.')
  await page.locator('#code').waitFor({ state: 'hidden' })
  assert.equal(scans.length, 1)
  await close(page)
})

test('a login that is over, by 404, begins anew with another image', async () => {
  const { page, scans } = await open()
  const before = await page.locator('#code').getAttribute('src')
  await has.server.control('clock', { advance: '4m' }) // it lives for three minutes
  await page.waitForFunction(src => document.getElementById('code').getAttribute('src') !== src, before, { timeout: 40000 })
  const token = await has.server.login('alice')
  await phone(token, scans[1], 'scan')
  await says(page, 'Scanned. Confirm it on the phone.')
  await close(page)
})

test('an outage decides nothing', async () => {
  const { page, scans } = await open()
  let refused = 0
  await page.route('**/wx/scan/*?state=scanned*', route => ++refused === 1 ? route.fulfill({ status: 503, body: '{}' }) : route.continue())
  const token = await has.server.login('alice')
  await phone(token, scans[0], 'scan')
  await says(page, 'Scanned. Confirm it on the phone.')
  await phone(token, scans[0], 'confirm')
  await says(page, 'Logged in: ')
  assert.ok(refused > 1, 'a poll was refused, and sent again')
  assert.equal(scans.length, 1)
  await close(page)
})
