'use strict'

// The controls: the clock, the store, WeChat; and a server that goes away.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { closePage, idle, lastAct, openPage, press, shoot, signIn, tokenOf } = require('./support/browser.js')
const { startServer } = require('./support/server.js')
const { suite } = require('./support/suite.js')

const has = suite()

const turn = (page, key) => page.locator(`#trouble [data-focus="${key}"]`)
const moment = (page, text) => page.locator('.moment', { hasText: text }).first()
const result = page => page.locator('#phone-result').innerText()

test('a session that time has ended is replaced, and the user notices nothing', async () => {
  const page = await signIn(has)
  const before = await tokenOf(page)
  await turn(page, 'trouble.hour').click()
  await moment(page, 'The clock was moved on by 1 h').waitFor()
  await press(page, 'phone.api')
  assert.equal(await tokenOf(page), before, 'an hour ends nothing')
  await turn(page, 'trouble.day').click()
  await moment(page, 'The clock was moved on by 1 d').waitFor()
  assert.match(await page.locator('#time-now').innerText(), /ahead by 25 h/)
  await turn(page, 'trouble.expire').click()
  await moment(page, 'The clock was moved on by 3 d').waitFor()
  await press(page, 'phone.api')
  assert.match(await result(page), /200 \{[^]*Refused with invalid_session; the client logged in again and repeated the request/)
  assert.notEqual(await tokenOf(page), before)
  assert.equal((await has.server.call(before, 'GET', '/api/me')).status, 401)
  await shoot(page, 'expired')
  await closePage(page)
})

test('a store that is stopped gives 503, and the token is kept until it is back', async () => {
  const page = await signIn(has)
  const before = await tokenOf(page)
  await turn(page, 'trouble.store.stopped').click()
  await moment(page, 'The store was stopped').waitFor()
  assert.equal((await has.server.call(before, 'GET', '/api/me')).status, 503)

  await page.locator('[data-focus="phone.api"]').click()
  await page.getByText(/503 store_unavailable: trying again in \d+ s/).waitFor()
  await shoot(page, 'store-stopped')
  await idle(page)
  assert.match(await result(page), /503 store_unavailable The store does not answer\.[^]*The token is kept/)
  assert.equal(await tokenOf(page), before)
  assert.ok((await lastAct(page)).arrows.every(arrow => !arrow.includes('login')), 'an outage is no reason to log in')
  assert.ok((await lastAct(page)).arrows.includes('store > server: no answer'))

  await page.locator('[data-focus="phone.api"]').click()
  await page.getByText(/trying again in/).waitFor()
  await turn(page, 'trouble.store.runs').click() // works while the client waits
  await idle(page)
  assert.match(await result(page), /200 \{[^]*Answered after \d more tries\. The token is the same as before/)
  assert.equal(await tokenOf(page), before)
  await closePage(page)
})

test('while WeChat is busy, sessions work and logins wait', async () => {
  const page = await signIn(has)
  const before = await tokenOf(page)
  await turn(page, 'trouble.busy').click()
  await moment(page, 'WeChat is busy').waitFor()
  await press(page, 'phone.api')
  assert.match(await result(page), /200 \{/)
  await press(page, 'phone.relogin')
  assert.match(await result(page), /503 wechat_unavailable WeChat does not answer as it should/)
  assert.equal(await tokenOf(page), before)
  const { arrows } = await lastAct(page)
  assert.ok(arrows.includes('wechat > server: 200 errcode -1'), arrows)
  assert.ok(arrows.filter(arrow => arrow.endsWith('wx.login')).length > 1, 'each try has a code of its own')
  await turn(page, 'trouble.well').click()
  await moment(page, 'WeChat answers again').waitFor()
  await press(page, 'phone.relogin')
  assert.notEqual(await tokenOf(page), before)
  await closePage(page)
})

test('while WeChat is slow, a login takes its time', async () => {
  const page = await openPage(has.browser, has.server)
  await turn(page, 'trouble.slow').click()
  await moment(page, 'WeChat is slow').waitFor()
  await press(page, 'phone.login')
  const reply = page.locator('details.act').first().locator('details.arrow[data-from=wechat][data-to=server]')
  await reply.locator('summary').click()
  const took = /after ([\d.]+) ms/.exec(await reply.locator('.detail').innerText())
  assert.ok(Number(took[1]) >= 2000, took[0])
  await turn(page, 'trouble.well').click()
  await moment(page, 'WeChat answers again').waitFor()
  await closePage(page)
})

test('every page shows how the controls stand', async () => {
  const [first, second] = [await openPage(has.browser, has.server), await openPage(has.browser, has.server)]
  await turn(first, 'trouble.store.stopped').click()
  await second.locator('[data-focus="trouble.store.stopped"][aria-pressed=true]').waitFor()
  await turn(second, 'trouble.store.runs').click()
  await first.locator('[data-focus="trouble.store.runs"][aria-pressed=true]').waitFor()
  await closePage(first)
  await closePage(second)
})

test('a server that is started anew finds the page again', async () => {
  const server = await startServer()
  const page = await openPage(has.browser, server)
  await press(page, 'phone.login')
  await server.stop()
  await page.getByRole('alert').getByText('The server does not answer').waitFor()
  await press(page, 'phone.api')
  assert.match(await result(page), /network The server cannot be reached/)

  const again = await startServer({ ADDR: '127.0.0.1:' + server.port })
  await moment(page, 'The server was started anew').waitFor()
  assert.equal(await page.locator('#offline').isVisible(), false)
  await press(page, 'phone.api') // its memory is empty: the client logs in again
  assert.match(await result(page), /200 \{[^]*logged in again/)
  const complaints = page.complaints.splice(0)
  assert.ok(complaints.every(text => /ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE|CONNECTION_RESET)/.test(text)), complaints)
  await closePage(page)
  await again.stop()
})
