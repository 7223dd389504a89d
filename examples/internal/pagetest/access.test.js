'use strict'

// For everybody: axe-core, the keyboard, what a screen reader says, narrow screens.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { closePage, newPage, openPage, press, readActs, shoot, step, visit } = require('./support/browser.js')
const { addAxe, findings } = require('./support/axe.js')
const { everything } = require('./support/server.js')
const { suite } = require('./support/suite.js')

const has = suite(everything())

// Brings all of the page onto the screen at once: each badge, chip, control and card.
async function fill(page, picture) {
  const key = name => page.locator(`#main-view [data-focus="${name}"]`)
  for (const name of ['phone.login', 'phone.jwt', 'devices.second']) await press(page, name)
  await page.locator('.device .danger').first().click()
  await page.locator('.device.ended').first().waitFor()
  await key('use ' + await page.locator('.device.ended button').getAttribute('data-focus').then(focus => focus.slice(4))).click()
  await page.locator('.device.ended .answer').waitFor()
  await key('trouble.hour').click()
  await key('trouble.busy').click()
  await press(page, 'phone.api')
  await page.frameLocator('#site iframe').locator('[data-focus=begin]').click()
  await press(page, 'phone.scan')
  await page.frameLocator('#site iframe').locator('#site-state').waitFor()
  await key('trouble.well').click()
  await page.locator('.moment').nth(2).waitFor()
  await shoot(page, 'all-' + picture, { fullPage: true })
  for (const name of ['Scan the code', '扫小程序码', 'Signed token', '签名 token']) {
    await page.locator('details.act', { hasText: name }).evaluateAll(acts => {
      for (const details of acts.flatMap(act => [act, ...act.querySelectorAll('details')])) details.open = true
    })
  }
}

// Where only the colours differ, only they are looked at again.
for (const [name, rules, options] of [
  ['light', undefined, { colorScheme: 'light' }],
  ['dark', ['color-contrast'], { colorScheme: 'dark' }],
  ['narrow', undefined, { locale: 'zh-CN', viewport: { width: 320, height: 640 }, hasTouch: true }]
]) {
  test('axe finds nothing, ' + name, async () => {
    await has.server.logOut('alice')
    const page = await newPage(has.browser, options)
    await addAxe(page)
    await visit(page, has.server.url + '/')
    assert.deepEqual(await findings(page, rules), [], 'before anything has happened')
    await fill(page, name)
    assert.deepEqual(await findings(page, rules), [])
    if (options.viewport) assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), options.viewport.width, 'no sideways scrolling')
    await closePage(page)
  })
}

test('axe finds nothing in the web-view and on the website', async () => {
  const page = await newPage(has.browser)
  await addAxe(page)
  const token = await has.server.login('alice')
  const { body } = await has.server.call(token, 'POST', '/wx/ticket', { to: '/?view=h5' })
  for (const [url, part] of [[body.url, '#h5-me'], ['/?view=site', 'button']]) {
    await page.goto(has.server.url + url)
    await page.locator(part).first().waitFor()
    assert.deepEqual(await findings(page), [], url)
  }
  await closePage(page)
})

test('the colours follow the system, until somebody chooses', async () => {
  const page = await openPage(has.browser, has.server, { colorScheme: 'dark' })
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const dark = await background()
  await page.emulateMedia({ colorScheme: 'light' })
  const light = await background()
  assert.notEqual(light, dark)
  const siteBackground = () => page.frameLocator('#site iframe').locator('body').evaluate(body => getComputedStyle(body).backgroundColor)
  const siteLight = await siteBackground()
  await page.getByRole('button', { name: 'Dark' }).click()
  assert.equal(await background(), dark)
  await page.frameLocator('#site iframe').locator('html[data-theme=dark]').waitFor()
  assert.notEqual(await siteBackground(), siteLight, 'the website follows')
  await visit(page, has.server.url + '/')
  assert.equal(await background(), dark, 'the choice is remembered')
  await page.getByRole('button', { name: 'Auto' }).click()
  assert.equal(await background(), light)
  await closePage(page)
})

test('all of it can be done with the keyboard', async () => {
  const page = await openPage(has.browser, has.server)
  const focused = () => page.evaluate(() => document.activeElement.innerText.trim())
  const tabTo = async name => {
    for (let i = 0; i < 60 && await focused() !== name; i++) await page.keyboard.press('Tab')
    assert.equal(await focused(), name)
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle)
    assert.equal(ring, 'solid', 'the focus on ' + name + ' can be seen')
  }
  await page.keyboard.press('Tab')
  assert.equal(await focused(), 'Skip to the sequence')
  await tabTo('Sign in') // the step of the tour
  await tabTo('Do it')
  await page.keyboard.press('Enter')
  await page.locator('#tour-steps li.done').waitFor()
  assert.equal(await focused(), 'Do it', 'the focus stays')
  await tabTo('Call the API')
  await page.keyboard.press('Space')
  await page.locator('.act-name', { hasText: 'Call the API' }).waitFor()
  await tabTo('Log out')
  await page.keyboard.press('Enter')
  await page.getByText('The token is forgotten').waitFor()
  assert.notEqual(await page.evaluate(() => document.activeElement.nodeName), 'BODY', 'the button has gone, the focus has not')
  await page.locator('details.act > summary').first().focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  assert.ok(await page.evaluate(() => document.activeElement.parentElement.open), 'an arrow opens')
  await closePage(page)
})

test('a screen reader hears how an act has ended', async () => {
  const page = await openPage(has.browser, has.server)
  const said = () => page.locator('#announcer').textContent()
  await press(page, 'phone.login')
  assert.equal(await said(), 'Sign in: 200. 12 steps.')
  await page.locator('[data-focus="trouble.store.stopped"]').click()
  await page.getByText('The store was stopped').first().waitFor()
  assert.equal(await said(), 'The store was stopped')
  await page.locator('[data-focus="trouble.store.runs"]').click()
  const arrow = page.locator('details.act').first().locator('details.arrow summary').first()
  assert.match(await arrow.evaluate(el => el.textContent), /^Mini program to WeChat: wx\.login/)
  assert.match(await page.locator('body').ariaSnapshot(), /complementary "Devices and trouble"/)
  await closePage(page)
})

test('on a phone the tour leads to the sequence, which says itself what it is about', async () => {
  const page = await openPage(has.browser, has.server, { viewport: { width: 360, height: 740 } })
  await step(page, 'login')
  const box = await page.locator('#sequence').boundingBox()
  assert.ok(box.y < 100, 'the sequence is on the screen')
  await page.locator('.caption', { hasText: 'a code that is good once' }).waitFor()
  assert.equal((await readActs(page))[0].name, 'Sign in')
  for (const button of await page.locator('#main-view button:visible').all()) {
    const { height } = await button.boundingBox()
    assert.ok(height >= 24, await button.innerText() + ' is large enough for a finger')
  }
  await closePage(page)
})

test('at 200 % nothing is cut off', async () => {
  const page = await openPage(has.browser, has.server, { viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 })
  await press(page, 'phone.login')
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 720)
  await closePage(page)
})
