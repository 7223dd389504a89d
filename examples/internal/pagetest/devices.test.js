'use strict'

// The user's devices on the right: one more, one that ends, all that end.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { closePage, lastAct, press, shoot, signIn, tokenOf, visit } = require('./support/browser.js')
const { suite } = require('./support/suite.js')

const has = suite()

const mate = 'HUAWEI Mate 60, HarmonyOS 4.2'
const device = (page, name) => page.locator('.device', { hasText: name })

// A page on which alice has no other session.
async function fresh() {
  await has.server.logOut('alice')
  return signIn(has)
}

test('a second phone signs in, is ended from the first, and is refused', async () => {
  const page = await fresh()
  assert.equal(await page.locator('.device').count(), 1)
  assert.match(await device(page, 'iPhone 15').innerText(), /this phone\s*Signed in just now/)
  await press(page, 'devices.second')
  await device(page, mate).getByRole('button', { name: 'Call the API from ' + mate }).click()
  await device(page, mate).getByText('Answered: 200').waitFor()
  await device(page, mate).getByRole('button', { name: 'End ' + mate }).click()
  await device(page, mate).getByText('ended', { exact: true }).waitFor()
  assert.match(await device(page, mate).innerText(), /Still has its token/)
  await device(page, mate).getByRole('button', { name: 'Call the API' }).click()
  await device(page, mate).getByText('Refused: 401 session_revoked').waitFor()
  const act = await lastAct(page)
  assert.deepEqual([act.name, act.badge], ['Call the API from ' + mate, '401 session_revoked'])
  await shoot(page, 'revoked')
  await device(page, mate).getByRole('button', { name: 'Sign in again' }).click()
  await device(page, mate).getByRole('button', { name: 'End ' + mate }).waitFor()
  await closePage(page)
})

test('a revocation is seen by a second page', async () => {
  const first = await fresh()
  const second = await signIn(has)
  const token = await tokenOf(second)
  await press(first, 'devices.refresh')
  await first.locator('.device', { hasNotText: 'this phone' }).getByRole('button', { name: /^End / }).click()
  await first.waitForFunction(() => document.querySelectorAll('.device').length === 1)

  // The second page watches the same server: it sees the act of the first.
  await second.locator('.act-name', { hasText: 'Another page' }).first().waitFor()
  assert.equal((await has.server.call(token, 'GET', '/api/me')).body.error, 'session_revoked')
  await press(second, 'phone.api')
  assert.match(await second.locator('#phone-result').innerText(), /Refused with session_revoked; the client logged in again/)
  assert.notEqual(await tokenOf(second), token)
  await closePage(first)
  await closePage(second)
})

test('a log-out everywhere ends every device', async () => {
  const page = await fresh()
  await press(page, 'devices.second')
  await page.locator('.device').nth(1).waitFor()
  await press(page, 'devices.second')
  await page.locator('.device').nth(2).waitFor()
  await press(page, 'devices.all')
  assert.match(await page.locator('#phone-result').innerText(), /session\.logout\(\{ all: true \}\)[^]*The token is forgotten/)
  assert.equal(await page.locator('.device.ended').count(), 2)
  assert.equal(await page.locator('.device:not(.ended)').count(), 0)
  const first = page.locator('.device').first()
  await first.getByRole('button', { name: 'Call the API' }).click()
  await first.locator('.answer').waitFor()
  assert.match(await first.innerText(), /Refused: 401 session_revoked/)
  await closePage(page)
})

test('the list tells of devices of other programs', async () => {
  const page = await fresh()
  const { code } = await (await fetch(has.server.url + '/devtools/code?user=alice')).json()
  await fetch(has.server.url + '/wx/login', { method: 'POST', body: JSON.stringify({ code, device: '<b>Nokia</b> 3310' }) })
  await press(page, 'devices.refresh')
  assert.match(await page.locator('#devices').innerText(), /<b>Nokia<\/b> 3310/, 'as a text, and not as HTML')
  await closePage(page)
})

test('the other phones of a page that was left do not haunt the next visit', async () => {
  const page = await fresh()
  await press(page, 'devices.second')
  await page.locator('.device').nth(1).waitFor()
  await visit(page, has.server.url + '/')
  await press(page, 'devices.second')
  await device(page, mate).getByRole('button', { name: 'Call the API from ' + mate }).waitFor()
  await closePage(page)
})
