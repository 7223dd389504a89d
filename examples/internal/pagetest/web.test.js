'use strict'

// The hand-over into a web-view, website login by a scan, and the signed token, on
// the page.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { closePage, idle, openPage, press, readActs, shoot, signIn, tokenOf } = require('./support/browser.js')
const { everything, startServer } = require('./support/server.js')
const { suite } = require('./support/suite.js')

const has = suite(everything())

const site = page => page.frameLocator('#site iframe')
// Signed in, with no device from another test in the list.
const signInAlone = async () => {
  await has.server.logOut('alice')
  return signIn(has)
}
const openid = async page => (await has.server.call(await tokenOf(page), 'GET', '/api/me')).body.openid

test('the web-view is handed the session, without a token in reach of its scripts', async () => {
  const page = await signIn(has)
  await press(page, 'phone.webview')
  const h5 = page.frameLocator('#phone-web iframe')
  assert.equal(await h5.locator('#h5-me code').innerText(), await openid(page))
  assert.match(await h5.locator('pre').innerText(), /^document\.cookie === ""$/)
  await page.locator('.device', { hasText: 'Web-view' }).waitFor()
  const { arrows } = (await readActs(page)).find(act => act.name === 'Open web-view')
  const client = arrows.filter(arrow => arrow.startsWith('client') || arrow.endsWith('303 See Other'))
  assert.match(client.join('\n'), /POST \/wx\/ticket\n.*GET \/wx\/enter\?ticket=.*\n.*303 See Other\n.*GET \/api\/me/)
  await shoot(page, 'web-view', { fullPage: true })
  await page.getByRole('button', { name: 'Back to the mini program' }).click()
  await page.locator('[data-focus="phone.api"]').waitFor()
  assert.ok(await page.locator('#phone-users button').first().evaluate(el => el === document.activeElement), 'the focus is not lost')

  const device = page.locator('.device', { hasText: 'Web-view' })
  await device.getByRole('button', { name: 'End Web-view' }).click()
  await device.waitFor({ state: 'detached' })
  await closePage(page)
})

test('a website is logged in: scanned, confirmed on the phone', async () => {
  const page = await signIn(has)
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).click()
  const picture = site(page).getByAltText('Mini program code: scan it with the phone')
  await picture.waitFor()
  await picture.evaluate(img => img.decode())
  assert.ok(await picture.evaluate(img => img.naturalWidth) > 100)
  await shoot(page, 'scan', { fullPage: true })
  await press(page, 'phone.scan')
  await site(page).getByText('Scanned. Confirm on the phone.').waitFor()
  const sheet = page.locator('#phone-sheet')
  assert.match(await sheet.innerText(), /Log in to the website\?\s*Browser\s*Chrome \d+\s*IP address\s*127\.0\.0\.1/)
  assert.ok(await sheet.evaluate(el => el === document.activeElement), 'the question has the focus')
  await press(page, 'phone.confirm.yes')
  await site(page).locator('#site-me').waitFor()
  assert.equal(await site(page).locator('#site-me code').innerText(), await openid(page))
  await page.locator('.device', { hasText: 'Chrome' }).waitFor()

  await site(page).getByRole('button', { name: 'Call the API' }).click()
  await site(page).getByRole('button', { name: 'Log out' }).click()
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).waitFor()
  await page.locator('.device', { hasText: 'Chrome' }).waitFor({ state: 'detached' })
  await closePage(page)
})

test('the phone can refuse', async () => {
  const page = await signIn(has)
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).click()
  await press(page, 'phone.scan')
  await press(page, 'phone.confirm.no')
  await site(page).getByText('The phone has refused.').waitFor()
  await site(page).getByRole('button', { name: 'Try again' }).click()
  await site(page).getByText('Scan this with the phone').waitFor()
  await closePage(page)
})

test('a login that waits for its user outlives the web-view and a visit of another user', async () => {
  const page = await signInAlone()
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).click()
  await press(page, 'phone.scan')
  await press(page, 'phone.webview')
  await page.frameLocator('#phone-web iframe').locator('#h5-me').waitFor()
  await page.locator('.device', { hasText: 'Web-view' }).waitFor() // what the web-view says has come
  await page.getByRole('button', { name: 'Back to the mini program' }).click()
  await page.locator('[data-focus="phone.confirm.yes"]').waitFor()

  await page.locator('#phone-users [data-focus=bob]').click()
  await page.locator('#phone-users [data-focus=bob][aria-pressed=true]').waitFor()
  assert.equal(await page.locator('#phone-sheet').isVisible(), false, 'it is not for bob to decide')
  await page.locator('#phone-users [data-focus=alice]').click()
  await press(page, 'phone.confirm.yes')
  assert.equal(await site(page).locator('#site-me code').innerText(), await openid(page))
  await closePage(page)
})

test('a code in front of the camera outlives the web-view', async () => {
  const page = await signInAlone()
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).click()
  await page.locator('[data-focus="phone.scan"]').waitFor()
  await press(page, 'phone.webview')
  await page.locator('.device', { hasText: 'Web-view' }).waitFor()
  await page.getByRole('button', { name: 'Back to the mini program' }).click()
  await press(page, 'phone.scan')
  await site(page).getByText('Scanned. Confirm on the phone.').waitFor()
  await closePage(page)
})

test('a website whose code was scanned can begin again, and the code before decides nothing', async () => {
  const page = await signInAlone()
  const begun = page.waitForResponse(response => response.url().endsWith('/wx/scan'))
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).click()
  const { id } = await (await begun).json()
  await press(page, 'phone.scan')
  await site(page).getByRole('button', { name: 'Try again' }).click()
  await page.locator('[data-focus="phone.scan"]').waitFor()
  assert.equal(await page.locator('#phone-sheet').isVisible(), false, 'that was about the code before')

  // The poll of the code before ends, and with it what waits for it.
  const frame = page.frames().find(frame => frame.url().includes('view=site'))
  await page.evaluate(() => {
    const channel = new BroadcastChannel('wxsession-page')
    window.ended = new Promise(resolve => channel.addEventListener('message', event => event.data.test && resolve()))
  })
  const poll = page.waitForResponse(response => response.url().includes('/wx/scan/' + id + '?state=scanned'))
  await has.server.call(await tokenOf(page), 'POST', '/wx/scan/' + id, { action: 'deny' })
  await (await poll).finished()
  await frame.evaluate(() => setTimeout(() => new BroadcastChannel('wxsession-page').postMessage({ test: true }), 50)) // after what it says itself
  await page.evaluate(() => window.ended)
  await site(page).getByText('Scan this with the phone').waitFor()
  await press(page, 'phone.scan')
  await press(page, 'phone.confirm.yes')
  await site(page).locator('#site-me').waitFor()
  await closePage(page)
})

test('a scan that is answered when the website has begun again asks nothing', async () => {
  const page = await signInAlone()
  let release
  const held = new Promise(resolve => { release = resolve })
  await page.route('**/wx/scan/*', async route => {
    if (route.request().method() !== 'POST') return route.continue()
    const response = await route.fetch()
    await held
    await route.fulfill({ response })
  })
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).click()
  await page.locator('[data-focus="phone.scan"]').click()
  await site(page).getByRole('button', { name: 'Try again' }).click()
  await site(page).getByText('Scan this with the phone').waitFor()
  release()
  await idle(page)
  await page.locator('[data-focus="phone.scan"]').waitFor() // the new code is in front of the camera
  assert.equal(await page.locator('#phone-sheet').isVisible(), false)
  await closePage(page)
})

test('another language shows another website: the phone forgets the login of the one before', async () => {
  const page = await signInAlone()
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).click()
  await press(page, 'phone.scan')
  await page.locator('[data-focus="phone.confirm.yes"]').waitFor()
  await page.getByRole('button', { name: '中文' }).click()
  await site(page).getByRole('button', { name: '微信扫码登录' }).waitFor()
  await page.locator('[data-focus="phone.confirm.yes"]').waitFor({ state: 'detached' })
  await closePage(page)
})

test('the secret of the browser that waits is marked where it travels', async () => {
  const page = await signInAlone()
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).click()
  await page.locator('[data-focus="phone.scan"]').waitFor()
  await press(page, 'phone.webview')
  await page.frameLocator('#phone-web iframe').locator('#h5-me').waitFor()
  const arrow = page.locator('details.act').first().locator('details.arrow', { hasText: 'GET /wx/enter' }).first()
  assert.match(await arrow.locator('summary').innerText(), /scan secret/)
  await arrow.locator('summary').click()
  const cookie = arrow.locator('dd', { hasText: 'wx-scan=' })
  const value = /wx-scan=([^;\s]+)/.exec(await cookie.innerText())[1]
  assert.equal(await cookie.locator('mark[title="scan secret"]').innerText(), value)
  await closePage(page)
})

test('a revoked website is out', async () => {
  const page = await signInAlone()
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).click()
  await press(page, 'phone.scan')
  await press(page, 'phone.confirm.yes')
  await page.locator('.device', { hasText: 'Chrome' }).getByRole('button', { name: /^End/ }).click()
  await page.locator('.device', { hasText: 'Chrome' }).waitFor({ state: 'detached' })
  await site(page).getByRole('button', { name: 'Call the API' }).click()
  await site(page).getByText('session_revoked').waitFor()
  await closePage(page)
})

test('a code that was not scanned in time is gone', async () => {
  const page = await signIn(has)
  const begun = page.waitForResponse(response => response.url().endsWith('/wx/scan'))
  await site(page).getByRole('button', { name: 'Log in with WeChat' }).click()
  const { id } = await (await begun).json()
  await site(page).getByText('Scan this with the phone').waitFor()
  await has.server.control('clock', { advance: '181s' })
  await site(page).getByText('The code has expired.').waitFor({ timeout: 30000 }) // at the end of the poll at the latest
  await page.locator('[data-focus="phone.scan"]').waitFor({ state: 'detached' })
  assert.equal((await has.server.call(await tokenOf(page), 'POST', '/wx/scan/' + id, { action: 'scan' })).status, 404)
  await closePage(page)
})

test('a signed token is taken apart, and its signature fits the published key', async () => {
  const page = await signIn(has)
  await press(page, 'phone.jwt')
  const card = await page.locator('#jwt').innerText()
  assert.match(card, /"alg": "EdDSA"[^]*"aud": "orders"[^]*"iss": "https:\/\/demo\.example"/)
  assert.ok(card.includes('"sub": "' + await openid(page) + '"'))
  assert.match(card, /The signature fits the key .{8}… of \/wx\/jwks/)
  assert.ok((await readActs(page)).find(act => act.name === 'Signed token').arrows.includes('client > server: GET /wx/jwks'))
  await closePage(page)
})

// The page would say "fits" of everything if it did not look.
test('a signature that does not fit is called so', async () => {
  const page = await signIn(has)
  await page.route('**/wx/token', async route => {
    const reply = await route.fetch()
    const body = await reply.json()
    const [header, claims, signature] = body.access_token.split('.')
    const forged = { ...JSON.parse(Buffer.from(claims, 'base64url')), sub: 'somebody else' }
    body.access_token = [header, Buffer.from(JSON.stringify(forged)).toString('base64url'), signature].join('.')
    await route.fulfill({ response: reply, json: body })
  })
  await press(page, 'phone.jwt')
  await page.getByText('The signature does not fit').waitFor()
  await closePage(page)
})

test('what is not configured is not offered, and the command that changes it can be copied', async () => {
  const server = await startServer()
  const page = await openPage(has.browser, server)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  for (const key of ['phone.number', 'phone.webview', 'phone.jwt']) assert.equal(await page.locator(`[data-focus="${key}"]`).count(), 0)
  assert.equal(await page.locator('#site').isVisible(), false)
  await page.locator('#more').getByRole('button', { name: 'Copy' }).click()
  await page.getByText('Copied').waitFor()
  const command = await page.evaluate(() => navigator.clipboard.readText())
  assert.equal(command, await page.locator('#more pre').innerText())
  assert.match(command, /^WX_PHONE_ROUTE=true \\\n[^]*\ngo run \.\/examples\/gin$/)
  await closePage(page)
  await server.stop()
})
