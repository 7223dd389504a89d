'use strict'

// Browser sessions in a real browser: what it keeps of a cookie, what it sends where,
// and what our server makes of it. Three origins: the server's, one of the same site
// (127.0.0.1, another port) and one of another site (localhost).

const assert = require('node:assert/strict')
const http = require('node:http')
const { after, before, test } = require('node:test')
const { newPage } = require('./support/browser.js')
const { everything, startServer } = require('./support/server.js')
const { suite } = require('./support/suite.js')

const has = suite({ ...everything(), WX_COOKIE: '__Host-wx', WX_COOKIE_INSECURE: 'false' })

// A website that is not ours: its pages do what the tests tell them.
let stranger, port
before(async () => {
  stranger = http.createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' })
    response.end('<!doctype html><title>Stranger</title><p>A page of somebody else')
  })
  await new Promise(resolve => stranger.listen(0, resolve))
  port = stranger.address().port
})
after(() => stranger.close())

const sameSite = () => 'http://127.0.0.1:' + port + '/'
const crossSite = () => 'http://localhost:' + port + '/'

// A browser that alice's mini program has handed its session over to.
async function handedOver(server = has.server) {
  const token = await server.login('alice')
  const { body } = await server.call(token, 'POST', '/wx/ticket', { to: '/?view=h5' })
  const page = await newPage(has.browser)
  const response = await page.goto(server.url + body.url)
  await page.locator('#h5-me').waitFor()
  return { page, token, ticket: body, entered: await response.request().redirectedFrom().response() }
}

const jar = async page => Object.fromEntries((await page.context().cookies()).map(cookie => [cookie.name, cookie]))
const alive = async (page, server = has.server) => {
  const reply = await page.context().request.get(server.url + '/api/me')
  return reply.status() === 200
}

// A form that a stranger's page sends, and where the browser ends up.
async function submit(page, action, fields = {}) {
  const reply = page.waitForResponse(response => response.url().startsWith(action) && response.request().method() === 'POST')
  await page.evaluate(([action, fields]) => {
    const form = document.createElement('form')
    Object.assign(form, { method: 'POST', action, enctype: 'text/plain' })
    for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement('input'), { name, value }))
    document.body.append(form)
    form.submit()
  }, [action, fields])
  const response = await reply
  const sent = await response.request().allHeaders()
  return { status: response.status(), body: await response.json().catch(() => ({})), cookie: sent.cookie, site: sent['sec-fetch-site'] }
}

// A fetch of a stranger's script with the browser's cookies; what it can see.
function reach(page, url, options) {
  return page.evaluate(([url, options]) => fetch(url, { credentials: 'include', ...options }).then(
    async reply => ({ type: reply.type, status: reply.status, text: await reply.text() }),
    err => ({ failed: err.name })), [url, options])
}

test('a hand-over sets the cookie as promised, and redirects', async () => {
  const { page, token, ticket, entered } = await handedOver()
  assert.equal(page.url(), has.server.url + '/?view=h5')
  assert.equal(entered.status(), 303)
  assert.deepEqual([entered.headers()['referrer-policy'], entered.headers()['cache-control']], ['no-referrer', 'no-store'])
  const cookie = (await jar(page))['__Host-wx']
  const { httpOnly, secure, sameSite, path, domain, value } = cookie
  assert.deepEqual({ httpOnly, secure, sameSite, path, domain }, { httpOnly: true, secure: true, sameSite: 'Lax', path: '/', domain: '127.0.0.1' })
  assert.match(value, /^[\w-]{43}$/)
  assert.notEqual(value, token)
  const days = (cookie.expires * 1000 - Date.now()) / 86400e3
  assert.ok(days > 29.9 && days <= 30, 'it ends with the session that asked: ' + days)
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script can read it')

  const again = await newPage(has.browser)
  const second = await again.goto(has.server.url + ticket.url)
  assert.equal(second.status(), 401)
  assert.equal((await second.json()).error, 'invalid_ticket')
  assert.deepEqual(await jar(again), {})
  await page.context().close()
  await again.context().close()
})

test('a name without a prefix works over http, without Secure', async () => {
  const server = await startServer({ WX_COOKIE: 'wx', WX_COOKIE_INSECURE: 'true' })
  const { page } = await handedOver(server)
  const { httpOnly, secure, sameSite } = (await jar(page)).wx
  assert.deepEqual({ httpOnly, secure, sameSite }, { httpOnly: true, secure: false, sameSite: 'Lax' })
  assert.ok(await alive(page, server))
  await page.context().close()
  await server.stop()
})

test("the site's own page may do all that its user may", async () => {
  const { page, token } = await handedOver()
  const first = (await jar(page))['__Host-wx'].value
  const put = await reach(page, '/api/attrs/note', { method: 'PUT', body: 'mine' })
  assert.equal(put.status, 204)
  const rotated = await reach(page, '/wx/rotate', { method: 'POST' })
  assert.equal(rotated.status, 200)
  const second = (await jar(page))['__Host-wx'].value
  assert.notEqual(second, first)
  assert.ok(!rotated.text.includes(second) && !rotated.text.includes('3rd_session'), 'no token in a body')
  const signed = await reach(page, '/wx/token', { method: 'POST' })
  assert.equal(signed.status, 200)
  assert.equal((await reach(page, '/wx/logout', { method: 'POST' })).status, 204)
  assert.deepEqual(await jar(page), {}, 'the cookie is gone')
  assert.equal((await has.server.call(token, 'GET', '/api/me')).status, 200, "the mini program's session is not")
  await page.context().close()
})

test('a cookie whose session was ended elsewhere goes', async () => {
  const { page, token } = await handedOver()
  await has.server.call(token, 'POST', '/wx/logout?all=1')
  const refused = await reach(page, '/api/me')
  assert.equal(refused.status, 401)
  assert.equal(JSON.parse(refused.text).error, 'session_revoked')
  assert.deepEqual(await jar(page), {})
  await page.context().close()
})

// Its requests carry no cookie: SameSite=Lax.
test("another site's form and script are nobody", async () => {
  const { page } = await handedOver()
  for (const path of ['/wx/logout?all=1', '/wx/rotate', '/wx/token']) {
    await page.goto(crossSite())
    const form = await submit(page, has.server.url + path)
    assert.deepEqual([form.site, form.cookie], ['cross-site', undefined], path)
    assert.deepEqual([form.status, form.body.error], [401, 'no_session'], path)
  }
  await page.goto(crossSite())
  assert.deepEqual(await reach(page, has.server.url + '/wx/logout?all=1', { method: 'POST', mode: 'no-cors' }), { type: 'opaque', status: 0, text: '' })
  assert.deepEqual(await reach(page, has.server.url + '/api/attrs/note', { method: 'PUT', body: 'x' }), { failed: 'TypeError' })
  assert.deepEqual(await reach(page, has.server.url + '/api/me'), { failed: 'TypeError' }, 'nothing can be read')
  assert.ok(await alive(page), 'the session is as it was')
  await page.context().close()
})

// Its requests carry the cookie, because cookies know no ports: the rule refuses them.
test('another origin of the same site is refused', async () => {
  const { page, token } = await handedOver()
  const before = (await jar(page))['__Host-wx'].value
  for (const path of ['/wx/logout', '/wx/logout?all=1', '/wx/rotate', '/wx/token', '/wx/ticket']) {
    await page.goto(sameSite())
    const form = await submit(page, has.server.url + path)
    assert.equal(form.site, 'same-site')
    if (path !== '/wx/ticket') assert.ok(form.cookie.includes(before), 'the browser sends the cookie to ' + path)
    if (path === '/wx/ticket') assert.equal(form.status, 401, 'which takes headers only')
    else assert.deepEqual([form.status, form.body.error], [403, 'cross_origin'], path)
  }
  await page.goto(sameSite())
  assert.equal((await reach(page, has.server.url + '/wx/logout?all=1', { method: 'POST', mode: 'no-cors' })).type, 'opaque')
  assert.deepEqual(await reach(page, has.server.url + '/api/attrs/note', { method: 'PUT', body: 'x' }), { failed: 'TypeError' })
  assert.deepEqual(await reach(page, has.server.url + '/api/me'), { failed: 'TypeError' }, 'it cannot read either')
  assert.ok(await alive(page))
  assert.equal((await jar(page))['__Host-wx'].value, before, 'a refusal leaves the cookie alone')
  assert.equal((await has.server.call(token, 'GET', '/api/attrs/note')).status, 404)
  await page.context().close()
})

test('an origin that is trusted may', async () => {
  const server = await startServer({ ...everything(), WX_TRUSTED_ORIGINS: 'http://127.0.0.1:' + port })
  const { page } = await handedOver(server)
  await page.goto(sameSite())
  const form = await submit(page, server.url + '/wx/logout')
  assert.deepEqual([form.status, form.site], [204, 'same-site'])
  assert.deepEqual(await jar(page), {})
  await page.context().close()
  await server.stop()
})

test('a link from another site finds its user logged in, a frame on it does not', async () => {
  const { page } = await handedOver()
  await page.goto(crossSite())
  const framed = page.waitForResponse(has.server.url + '/api/me')
  await page.evaluate(url => document.body.append(Object.assign(document.createElement('iframe'), { src: url })), has.server.url + '/api/me')
  assert.equal((await framed).status(), 401)
  await page.evaluate(url => {
    const link = Object.assign(document.createElement('a'), { href: url, textContent: 'there' })
    document.body.append(link)
  }, has.server.url + '/api/me')
  const followed = page.waitForResponse(response => response.url() === has.server.url + '/api/me' && response.request().isNavigationRequest() && response.frame() === page.mainFrame())
  await page.getByText('there').click()
  assert.equal((await followed).status(), 200)
  await page.context().close()
})

test('a scan logs the browser in, and only that browser', async () => {
  const page = await newPage(has.browser)
  await page.goto(has.server.url + '/?view=site')
  const begun = page.waitForResponse(response => response.url().endsWith('/wx/scan'))
  await page.getByRole('button', { name: 'Log in with WeChat' }).click()
  const { id } = await (await begun).json()
  const secret = (await jar(page))['__Host-wx-scan']
  assert.deepEqual([secret.httpOnly, secret.secure, secret.sameSite, secret.path], [true, true, 'Lax', '/'])
  assert.ok(secret.expires * 1000 - Date.now() < 181e3)

  const other = await newPage(has.browser)
  await other.goto(has.server.url + '/?view=site')
  assert.equal((await reach(other, '/wx/scan/' + id)).status, 404, 'the id alone is no credential')

  const token = await has.server.login('alice')
  for (const action of ['scan', 'confirm']) assert.equal((await has.server.call(token, 'POST', '/wx/scan/' + id, { action })).status, 200)
  await page.locator('#site-me').waitFor()
  const { body } = await has.server.call(token, 'GET', '/api/me')
  assert.equal(await page.locator('#site-me code').innerText(), body.openid)
  const cookie = (await jar(page))['__Host-wx']
  assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path], [true, true, 'Lax', '/'])
  assert.equal((await reach(other, '/api/me')).status, 401)
  await page.context().close()
  await other.context().close()
})

// The page's own controls, which need no session at all.
test("another website turns none of the page's controls, and sees none of its arrows", async () => {
  const page = await newPage(has.browser)
  for (const site of [sameSite(), crossSite()]) {
    await page.goto(site)
    const form = await submit(page, has.server.url + '/devtools/store', { '{"down":true,"x":"': '"}' })
    assert.equal(form.status, 403)
    await page.goto(site)
    await reach(page, has.server.url + '/devtools/clock', { method: 'POST', mode: 'no-cors', body: '{"advance":"1h"}' })
    assert.equal(await page.evaluate(url => new Promise(resolve => {
      const source = new EventSource(url)
      source.onopen = () => resolve('open')
      source.onerror = () => resolve('refused')
    }), has.server.url + '/devtools/events'), 'refused')
  }
  const state = await (await fetch(has.server.url + '/devtools/state')).json()
  assert.deepEqual([state.down, state.ahead], [false, 0])
  await page.context().close()
})
