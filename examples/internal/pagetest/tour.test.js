'use strict'

// The tour: six steps that show the whole.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { closePage, idle, openPage, press, readActs, shoot, step } = require('./support/browser.js')
const { suite } = require('./support/suite.js')

const has = suite()

const text = page => page.locator('#tour-text').innerText()

test('its steps do what they say, one after the other', async () => {
  const page = await openPage(has.browser, has.server)
  const seen = new Set()
  for (const name of ['login', 'api', 'decrypt', 'devices', 'outage', 'expiry']) {
    seen.add(await text(page))
    await step(page, name)
  }
  assert.equal(seen.size, 6)
  assert.match(await text(page), /That was all of it/)
  const acts = (await readActs(page)).reverse()
  assert.deepEqual(acts.map(act => act.name + ' ' + act.badge), [
    'Sign in 200', 'Call the API 200', 'Decrypt profile 200',
    'Sign in on HUAWEI Mate 60, HarmonyOS 4.2 200', 'End HUAWEI Mate 60, HarmonyOS 4.2 204',
    'Call the API from HUAWEI Mate 60, HarmonyOS 4.2 401 session_revoked', 'Call the API 200', 'Call the API 200'
  ])
  const from = (act, what) => act.arrows.filter(arrow => arrow.includes(what)).length
  assert.equal(from(acts[1], 'wechat'), 0, 'a call of the API asks WeChat nothing')
  assert.ok(from(acts[6], '503 store_unavailable') > 0 && from(acts[6], 'login') === 0, 'an outage logs nobody out')
  assert.ok(from(acts[7], '401 invalid_session') === 1 && from(acts[7], 'POST /wx/login') === 1, 'an expired session is replaced')
  await shoot(page, 'tour', { fullPage: true })
  await page.getByRole('button', { name: 'Start over' }).click()
  assert.match(await text(page), /wx\.login gives the mini program a code/)
  await closePage(page)
})

test('it plays by itself, and stops when it is told to', async () => {
  const page = await openPage(has.browser, has.server)
  await page.clock.install()
  await page.getByRole('button', { name: 'Play all' }).click()
  await page.clock.runFor(2500)
  for (let i = 0; i < 100 && !(await page.locator('#tour-steps li.done').count()); i++) await page.clock.runFor(100)
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await page.clock.runFor(10000)
  assert.equal(await page.locator('#tour-steps li.done').count(), 1)
  assert.deepEqual((await readActs(page)).map(act => act.name), ['Sign in'])
  await page.getByRole('button', { name: 'Play all' }).waitFor()
  await closePage(page)
})

// Every arrow of these: the outcome that the step is about did not come.
for (const [step, key, before] of [
  ['login', 'store.stopped'], ['api', 'store.stopped', true], ['decrypt', 'store.stopped', true], ['devices', 'busy', true], ['expiry', 'busy', true]
]) {
  test('the step ' + step + ' is not done while the ' + key.split('.')[0] + ' lets it fail', async () => {
    const page = await openPage(has.browser, has.server)
    if (before) await press(page, 'phone.login')
    await page.locator(`#tour-steps [data-focus="${step}"]`).click()
    await page.locator(`#trouble [data-focus="trouble.${key}"]`).click()
    await page.locator(`#trouble [data-focus="trouble.${key}"][aria-pressed=true]`).waitFor()
    await page.locator('#tour-do').click()
    await page.getByText(/This step did not come out as it should: 503 (store|wechat)_unavailable/).waitFor({ timeout: 30000 })
    assert.equal(await page.locator(`#tour-steps [aria-current=step] [data-focus="${step}"]`).count(), 1, 'it is still this one')
    assert.match(await text(page), /Make trouble/)
    await page.getByRole('button', { name: '中文' }).click()
    assert.match(await text(page), /503 (store|wechat)_unavailable.*制造故障/)
    await page.getByRole('button', { name: 'English' }).click()

    await page.locator(`#trouble [data-focus="trouble.${key === 'busy' ? 'well' : 'store.runs'}"]`).click()
    await page.locator(`#trouble [data-focus="trouble.${key}"][aria-pressed=false]`).waitFor()
    await idle(page)
    await page.locator('#tour-do').click()
    await page.locator(`#tour-steps li.done [data-focus="${step}"]`).waitFor({ timeout: 20000 })
    assert.doesNotMatch(await text(page), /did not come out/)
    await closePage(page)
  })
}

test('a step does not count as done by an outage or an end that did not happen', async () => {
  const page = await openPage(has.browser, has.server)
  await press(page, 'phone.login')
  for (const [step, path] of [['outage', 'store'], ['expiry', 'clock']]) {
    const state = await (await fetch(has.server.url + '/devtools/state')).json()
    await page.route('**/devtools/' + path, route => route.fulfill({ json: state }))
    await page.locator(`#tour-steps [data-focus="${step}"]`).click()
    await page.locator('#tour-do').click()
    await page.getByText('This step did not come out as it should: 200').waitFor()
  }
  assert.equal(await page.locator('#tour-steps [aria-current=step] [data-focus=expiry]').count(), 1)
  await closePage(page)
})

test('it stops playing at a step that fails', async () => {
  const page = await openPage(has.browser, has.server)
  await page.route('**/devtools/code?*', route => route.fulfill({ status: 503, body: '{}' }))
  await page.getByRole('button', { name: 'Play all' }).click()
  await page.getByText(/This step did not come out as it should/).waitFor({ timeout: 20000 })
  await page.getByRole('button', { name: 'Play all' }).waitFor()
  assert.equal(await page.locator('#tour-steps li.done').count(), 0)
  await closePage(page)
})

test('a step that fails says so, and can be done again', async () => {
  const page = await openPage(has.browser, has.server)
  await page.route('**/devtools/clock', route => route.fulfill({ status: 400, body: '{}' }), { times: 1 })
  await page.locator('[data-focus=expiry]').click()
  await page.locator('#tour-do').click()
  await page.getByText('The server did not take that.').waitFor()
  page.complaints.length = 0 // the 400 is ours
  await step(page, 'expiry')
  await closePage(page)
})
