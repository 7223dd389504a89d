'use strict'

// The page is the same on the three example servers, and under another prefix.

const assert = require('node:assert/strict')
const { after, before, test } = require('node:test')
const { closePage, lastAct, openPage, press, startBrowser } = require('./support/browser.js')
const { everything, startServer } = require('./support/server.js')

let browser
before(async () => { browser = await startBrowser() })
after(() => browser.close())

for (const [name, variables] of [['gin', { WX_PREFIX: '/auth/wx' }], ['echo', {}], ['nethttp', {}]]) {
  test('all of it works on ' + name, async () => {
    const server = await startServer({ ...everything(), ...variables }, name)
    const page = await openPage(browser, server)
    for (const key of ['phone.login', 'phone.api', 'phone.decrypt', 'phone.number', 'phone.check', 'phone.rotate', 'phone.jwt', 'phone.webview']) {
      await press(page, key)
      const { name, badge } = await lastAct(page)
      assert.match(badge, /^(200|204|303)$/, name)
    }
    const site = page.frameLocator('#site iframe')
    await page.getByRole('button', { name: 'Back to the mini program' }).click()
    await site.getByRole('button', { name: 'Log in with WeChat' }).click()
    await press(page, 'phone.scan')
    await press(page, 'phone.confirm.yes')
    await site.locator('#site-me').waitFor()
    await press(page, 'devices.all')
    await page.getByText('No session. Sign in on the phone.').waitFor()
    await closePage(page)
    await server.stop()
  })
}
