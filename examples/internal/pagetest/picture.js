'use strict'

// npm run picture: the picture of the page in the README, docs/page.png.

const path = require('node:path')
const { test } = require('node:test')
const { closePage, openPage, press } = require('./support/browser.js')
const { everything, root } = require('./support/server.js')
const { suite } = require('./support/suite.js')

const has = suite(everything())

test('docs/page.png', async () => {
  const page = await openPage(has.browser, has.server, { viewport: { width: 1360, height: 1030 } })
  await press(page, 'phone.login')
  await press(page, 'devices.second')
  await page.locator('.device .danger').click()
  await page.locator('.device.ended').waitFor()
  await page.locator('.device.ended button').click()
  await page.locator('.device.ended .answer').waitFor()
  for (const key of ['phone.logout', 'phone.login']) await press(page, key)
  await page.evaluate(() => document.activeElement.blur())
  await page.mouse.move(0, 0)
  await page.screenshot({ path: path.join(root, 'docs/page.png') })
  await closePage(page)
})
