'use strict'

// Every button of the phone, by what its user sees.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { closePage, lastAct, openPage, press, readActs, signIn, tokenOf } = require('./support/browser.js')
const { everything } = require('./support/server.js')
const { suite } = require('./support/suite.js')

const has = suite(everything())

const result = page => page.locator('#phone-result').innerText()
const open = () => openPage(has.browser, has.server)

test('signing in gives the phone a token that the server knows', async () => {
  const page = await open()
  assert.match(await page.locator('#phone-card').innerText(), /Not signed in/)
  await press(page, 'phone.login')
  assert.match(await page.locator('#phone-card').innerText(), /Signed in[^]*Lives 3 d unused, 30 d at most/)
  assert.match(await result(page), /"expiresIn": 259200/)
  const me = await has.server.call(await tokenOf(page), 'GET', '/api/me')
  assert.equal(me.status, 200)
  await closePage(page)
})

test('the first request signs in by itself', async () => {
  const page = await open()
  await press(page, 'phone.api')
  assert.match(await result(page), /^session\.request\([^]*200 \{\s+"appid": "wx[^]*"openid": "/)
  assert.deepEqual((await lastAct(page)).arrows.filter(arrow => arrow.startsWith('client')), [
    'client > wechat: wx.login', 'client > server: POST /wx/login', 'client > server: GET /api/me'
  ])
  await closePage(page)
})

test('alice and bob are two users with a session each', async () => {
  const page = await signIn(has)
  const alice = await tokenOf(page)
  await press(page, 'bob')
  assert.match(await page.locator('#phone-card').innerText(), /Not signed in/)
  assert.equal(await page.locator('#devices-title').innerText(), 'Devices of bob')
  await press(page, 'phone.login')
  const bob = await tokenOf(page)
  const ids = await Promise.all([alice, bob].map(async t => (await has.server.call(t, 'GET', '/api/me')).body.openid))
  assert.notEqual(ids[0], ids[1])
  await press(page, 'alice')
  assert.equal(await tokenOf(page), alice)
  await page.reload()
  assert.equal(await tokenOf(page), alice, 'a reload of the page keeps the session')
  await closePage(page)
})

test('what WeChat has encrypted is decrypted on the server', async () => {
  const page = await open()
  await press(page, 'phone.decrypt')
  assert.match(await result(page), /200 \{[^]*"nickName": "微信用户"/)
  await closePage(page)
})

test('the phone number comes by its code', async () => {
  const page = await open()
  await press(page, 'phone.number')
  assert.match(await result(page), /"phoneNumber": "13580006666"/)
  assert.ok((await lastAct(page)).arrows.some(arrow => arrow === 'client > wechat: getPhoneNumber'))
  await closePage(page)
})

test('a check tells whether the session lives', async () => {
  const page = await open()
  await press(page, 'phone.check')
  assert.match(await result(page), /Not valid any more/)
  await press(page, 'phone.login')
  await press(page, 'phone.check')
  assert.match(await result(page), /Session and session_key are valid/)
  await closePage(page)
})

test('a rotation and another login replace the token', async () => {
  const page = await signIn(has)
  const seen = [await tokenOf(page)]
  for (const [key, name] of [['phone.rotate', 'New token'], ['phone.relogin', 'Sign in again']]) {
    await press(page, key)
    const own = (await readActs(page)).find(act => act.name !== 'A browser') // this test's requests may be told late
    assert.equal(own.name, name)
    seen.push(await tokenOf(page))
    assert.equal(new Set(seen).size, seen.length, key + ' gives a token of its own')
    assert.equal((await has.server.call(seen.at(-1), 'GET', '/api/me')).status, 200)
  }
  assert.equal((await has.server.call(seen[1], 'GET', '/api/me')).body.error, undefined, 'a login leaves the session before it')
  await closePage(page)
})

test('a log-out ends the session on the server and forgets the token', async () => {
  const page = await signIn(has)
  const before = await tokenOf(page)
  await press(page, 'phone.logout')
  assert.match(await result(page), /The token is forgotten/)
  assert.match(await page.locator('#phone-card').innerText(), /Not signed in/)
  assert.equal((await has.server.call(before, 'GET', '/api/me')).status, 401)
  assert.match(await page.locator('#devices').innerText(), /No session/)
  await closePage(page)
})

test('while an act runs, buttons keep their place and do nothing', async () => {
  const page = await open()
  await page.evaluate(() => {
    document.querySelector('[data-focus="phone.login"]').click()
    document.querySelector('[data-focus="phone.decrypt"]').click()
    document.querySelector('[data-focus="devices.second"]').click()
  })
  await page.locator('#tour-do:not([aria-disabled])').waitFor()
  assert.deepEqual((await readActs(page)).map(act => act.name), ['Sign in'])
  await closePage(page)
})
