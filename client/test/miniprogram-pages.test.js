'use strict'

// The pages of the example mini program, used as a user would, against the real
// server; the hand-over and the scan against a stub of their routes.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { after, afterEach, before, test } = require('node:test')
const { alive, endElsewhere, same, useServer } = require('./support/world.js')
const { createPlatform } = require('./support/platform.js')
const { startMiniProgram } = require('./support/miniprogram.js')
const { startStub } = require('./support/stub.js')
const { until } = require('./support/runtime.js')

const world = useServer()
let stub
before(async () => { stub = await startStub() })
after(() => stub.stop())

const running = []
afterEach(() => {
  for (const program of running.splice(0)) assert.equal(program.clock.pending.size, 0, 'timers are left')
})

// The mini program on the phone of a user. The platform is a real wx: its codes
// are refused, so that those of the simulated WeChat have to do.
let users = 0
function start({ user = 'page' + ++users + '-' + process.pid, url = world.proxy.url, real = false } = {}) {
  const phone = createPlatform(world.server.url, user)
  if (!real) phone.faults.login = options => options.success({ code: 'the code is a mock one' })
  const program = startMiniProgram(phone.wx, { baseUrl: url, simulatedUser: real ? '' : user })
  running.push(program)
  return Object.assign(program, phone, { user, session: program.app.session })
}

test('profile: opening it logs in and shows who one is', async () => {
  const program = start()
  const page = program.open('profile')
  assert.equal(page.data.busy, 'load')
  await until(() => page.data.me && !page.data.busy)
  assert.match(page.data.me.openid, /^o/)
  assert.equal(page.data.life, '3 天')
  assert.equal(page.data.initial, '微')
  assert.equal(world.proxy.count('POST /wx/login'), 1)
  assert.equal(program.seen.logins, 0, 'the codes came from the simulated WeChat')
})

test('profile: with a real appid the codes are those of wx.login', async () => {
  const program = start({ real: true })
  const page = program.open('profile')
  await until(() => page.data.me)
  assert.equal(program.seen.logins, 1)
})

test('profile: the nickname is kept with the session', async () => {
  const program = start()
  const page = program.open('profile')
  await until(() => page.data.me && !page.data.busy)
  page.saveNickname({ detail: { value: ' 小王 ' } })
  await until(() => page.data.nickname === '小王' && !page.data.busy)
  assert.equal(page.data.initial, '小')
  same(program.shown.toasts, ['已保存'])
  page.saveNickname({ detail: { value: '小王' } })
  assert.equal(world.proxy.count('PUT /api/attrs/nickname'), 1, 'nothing has changed')
  const again = program.open('profile')
  await until(() => again.data.me)
  assert.equal(again.data.nickname, '小王')
})

test('profile: check, rotate, log in again', async () => {
  const program = start()
  const page = program.open('profile')
  await until(() => page.data.me && !page.data.busy)
  page.check()
  await until(() => !page.data.busy)
  const { token } = program.session
  page.rotate()
  await until(() => !page.data.busy)
  assert.notEqual(program.session.token, token)
  page.relogin()
  await until(() => page.data.me && !page.data.busy)
  assert.equal(world.proxy.count('POST /wx/login'), 2)
  same(program.shown.toasts, ['会话有效', 'token 已更换'])
  await endElsewhere(world.server.url, program.user)
  page.check()
  await until(() => !page.data.busy)
  assert.equal(program.shown.toasts.at(-1), '需要重新登录')
})

test('profile: log out, and pull down to log in anew', async () => {
  const program = start()
  const page = program.open('profile')
  await until(() => page.data.me && !page.data.busy)
  const { token } = program.session
  page.logout()
  assert.equal(page.data.me, null)
  await until(() => !page.data.busy)
  assert.equal(await alive(world.server.url, token), false)
  page.onPullDownRefresh()
  await until(() => program.shown.refreshed)
  assert.ok(page.data.me)
  page.onUnload()
})

test('profile: an outage is told, the token kept', async () => {
  const program = start()
  const page = program.open('profile')
  await until(() => page.data.me && !page.data.busy)
  const { token } = program.session
  world.proxy.fault('GET /api/me', { drop: true }, 2)
  page.load()
  await until(() => page.data.note)
  assert.equal(page.data.note, '网络不通，请检查网络后重试')
  assert.equal(program.session.token, token)
  world.proxy.fault('GET /api/me', { status: 500, body: 'oops' })
  page.load()
  await until(() => page.data.note.includes('500'))
})

test('profile: scanning opens the scan page, for codes of this mini program', async () => {
  const program = start()
  const page = program.open('profile')
  await until(() => page.data.me && !page.data.busy)
  program.shown.scanned = { path: 'pages/scan/scan?scene=abc', scanType: 'WX_CODE' }
  page.scan()
  program.shown.scanned = { result: 'https://evil.example' }
  page.scan()
  same(program.shown.opened, ['/pages/scan/scan?scene=abc'])
  assert.equal(program.shown.toasts.length, 1)
})

test('devices: the list, revoking one, and the other phone notices nothing but a login', async () => {
  const mine = start()
  const other = start({ user: mine.user })
  await other.session.login()
  const page = mine.open('devices')
  await until(() => page.data.loaded)
  assert.equal(page.data.devices.length, 2)
  assert.deepEqual(page.data.devices.map(d => d.current), [true, false])
  assert.equal(page.data.devices[0].name, 'Mate 60, HarmonyOS 4.2')
  assert.equal(page.data.devices[0].seen, '刚刚')
  const { id, name } = page.data.devices[1]
  const tap = { currentTarget: { dataset: { id, name } } }
  mine.shown.answer = false
  page.revoke(tap)
  page.logoutAll()
  await page.load()
  assert.equal(page.data.devices.length, 2)
  assert.equal(world.proxy.count('DELETE /wx/sessions/' + id) + world.proxy.count('POST /wx/logout'), 0)
  mine.shown.answer = true
  page.revoke(tap)
  await until(() => page.data.devices.length === 1)
  const { token } = other.session
  assert.equal(await alive(world.server.url, token), false)
  const profile = other.open('profile')
  await until(() => profile.data.me)
  page.revoke(tap) // it has gone meanwhile
  await until(() => page.data.devices.length === 2)
  assert.equal(page.data.note, '')
})

test('devices: everything logs out', async () => {
  const mine = start()
  const other = start({ user: mine.user })
  await other.session.login()
  const page = mine.open('devices')
  await until(() => page.data.loaded)
  const tokens = [mine.session.token, other.session.token]
  page.logoutAll()
  await until(() => mine.shown.opened.length)
  same(mine.shown.opened, ['/pages/profile/profile'])
  for (const token of tokens) assert.equal(await alive(world.server.url, token), false)
})

test('devices: trouble is told, and pulling down tries again', async () => {
  const program = start()
  world.proxy.fault('GET /wx/sessions', { drop: true }, 2)
  const page = program.open('devices')
  await until(() => page.data.note)
  assert.equal(page.data.loaded, false)
  page.onPullDownRefresh()
  await until(() => program.shown.refreshed)
  assert.equal(page.data.note, '')
  assert.equal(page.data.devices.length, 1)
  world.proxy.fault('POST /wx/logout', { drop: true })
  page.logoutAll()
  await until(() => page.data.note)
})

test('phone: the simulated button, with most of the number hidden', async () => {
  const program = start()
  const page = program.open('phone')
  assert.equal(page.data.simulated, true)
  await page.onSimulated()
  assert.equal(page.data.number, '135****6666')
  assert.equal(page.data.country, '+86')
  assert.equal(page.data.note, '')
})

test('phone: the real button, granted and refused', async () => {
  const program = start({ real: true })
  const page = program.open('phone')
  assert.equal(page.data.simulated, false)
  const { code } = await (await fetch(world.server.url + '/devtools/phonecode?number=13800138000&user=' + program.user)).json()
  await page.onNumber({ detail: { code, errMsg: 'getPhoneNumber:ok' } })
  assert.equal(page.data.number, '138****8000')
  page.onNumber({ detail: { errMsg: 'getPhoneNumber:fail user deny' } })
  assert.match(page.data.note, /没有授权/)
  page.onNumber({ detail: { errMsg: 'getPhoneNumber:fail no permission', errno: 102 } })
  assert.match(page.data.note, /认证/)
  await page.onNumber({ detail: { code, errMsg: 'getPhoneNumber:ok' } })
  assert.notEqual(page.data.note, '', 'a code is good for once')
  world.proxy.fault('POST /wx/phone', { status: 404, body: '404 page not found' })
  await page.onNumber({ detail: { code } })
  assert.match(page.data.note, /WX_PHONE_ROUTE/)
})

test('web: hands over to the web-view, with a new ticket each time', async () => {
  const program = start({ url: stub.url })
  const page = program.open('web')
  await until(() => page.data.url)
  assert.equal(page.data.url, stub.url + '/wx/enter?ticket=' + 't'.repeat(43) + '&to=%2F')
  page.onError()
  assert.equal(page.data.url, '')
  assert.match(page.data.note, /业务域名/)
  const before = stub.requests.filter(r => r.path === '/wx/ticket').length
  await page.open()
  assert.ok(page.data.url)
  assert.equal(stub.requests.filter(r => r.path === '/wx/ticket').length, before + 1)
})

test('web: a server without the hand-over is told', async () => {
  const program = start()
  world.proxy.fault('POST /wx/ticket', { status: 404, body: '404 page not found' })
  const page = program.open('web')
  await until(() => page.data.note)
  assert.match(page.data.note, /WX_COOKIE/)
})

test('scan: shows what is being logged in, and confirms', async () => {
  const program = start({ url: stub.url })
  stub.scans.set('id-1', 'pending')
  const page = program.open('scan', { scene: 'id-1' })
  assert.equal(page.data.state, 'loading')
  await until(() => page.data.state === 'asking')
  assert.equal(page.data.browser, 'Firefox · Windows')
  assert.equal(page.data.agent, stub.browser)
  assert.equal(page.data.ip, '203.0.113.7')
  assert.match(page.data.time, /^\d{4}-\d\d-\d\d \d\d:\d\d$/)
  assert.equal(stub.scans.get('id-1'), 'scanned')
  await page.confirm()
  assert.equal(page.data.end.title, '已确认')
  assert.equal(stub.scans.get('id-1'), 'confirmed')
  await page.deny() // there is nothing to decide any more
  assert.equal(stub.scans.get('id-1'), 'confirmed')
})

test('scan: denies; and a scene is escaped by WeChat', async () => {
  const program = start({ url: stub.url })
  stub.scans.set('id=2&', 'pending')
  const page = program.open('scan', { scene: 'id%3D2%26' })
  await until(() => page.data.state === 'asking')
  await page.deny()
  assert.equal(page.data.end.title, '已拒绝')
  assert.equal(stub.scans.get('id=2&'), 'denied')
})

test('scan: two taps are one decision', async () => {
  const program = start({ url: stub.url })
  stub.scans.set('id-3', 'pending')
  const page = program.open('scan', { scene: 'id-3' })
  await until(() => page.data.state === 'asking')
  const before = stub.requests.length
  await Promise.all([page.confirm(), page.confirm(), page.deny()])
  assert.equal(stub.requests.length, before + 1)
})

test('scan: expired, decided before, unreadable', async () => {
  const program = start({ url: stub.url })
  stub.scans.set('done', 'confirmed')
  for (const [query, state, title] of [
    [{ scene: 'unknown' }, 'gone', '已失效'], [{ scene: 'done' }, 'confirmed', '已确认'],
    [{}, 'invalid', '无法识别'], [{ scene: '' }, 'invalid', '无法识别'], [{ scene: '%E0%A4%A' }, 'invalid', '无法识别']
  ]) {
    const page = program.open('scan', query)
    await until(() => page.data.end)
    assert.equal(page.data.state, state)
    assert.equal(page.data.end.title, title)
  }
  stub.scans.set('id-4', 'pending')
  const page = program.open('scan', { scene: 'id-4' })
  await until(() => page.data.state === 'asking')
  stub.scans.set('id-4', 'denied')
  await page.confirm()
  assert.equal(page.data.end.title, '已处理')
  stub.scans.set('id-5', 'pending')
  const late = program.open('scan', { scene: 'id-5' })
  await until(() => late.data.state === 'asking')
  stub.scans.delete('id-5')
  await late.confirm()
  assert.equal(late.data.end.title, '已失效')
})

test('scan: trouble keeps the page as it is, to try again', async () => {
  const program = start()
  world.proxy.fault('POST /wx/scan/id-6', { drop: true })
  const page = program.open('scan', { scene: 'id-6' })
  await until(() => page.data.note)
  assert.equal(page.data.state, 'failed')
  const reply = state => ({ status: 200, body: { state, browser: '', ip: '::1', created_at: Math.floor(Date.now() / 1000) } })
  world.proxy.fault('POST /wx/scan/id-6', reply('scanned'))
  await page.begin()
  assert.equal(page.data.state, 'asking')
  assert.equal(page.data.browser, '未知浏览器')
  assert.equal(page.data.time, '刚刚')
  world.proxy.fault('POST /wx/scan/id-6', { drop: true })
  await page.confirm()
  assert.equal(page.data.state, 'asking')
  assert.ok(page.data.note)
  world.proxy.fault('POST /wx/scan/id-6', reply('confirmed'))
  await page.confirm()
  assert.equal(page.data.state, 'confirmed')
  world.proxy.fault('POST /wx/scan/id-7', { status: 404, body: '404 page not found' })
  const without = program.open('scan', { scene: 'id-7' })
  await until(() => without.data.note)
  assert.match(without.data.note, /WX_SCAN_LOGIN/)
})

test('every code of the client has a text, and dates read as people say them', () => {
  const text = require(path.join(__dirname, '..', '..', 'examples', 'miniprogram', 'utils', 'text.js'))
  const types = fs.readFileSync(path.join(__dirname, '..', 'wxsession.d.ts'), 'utf8')
  for (const code of ['network', 'timeout', 'bad_reply', 'login_failed', 'store_unavailable', 'wechat_unavailable', 'app_unavailable', 'rate_limited', 'user_blocked', 'login_denied', 'invalid_code', 'no_session', 'not_found']) {
    assert.ok(types.includes("'" + code + "'"))
    assert.doesNotMatch(text.errorText({ code }), /出错了/, code)
  }
  assert.equal(text.errorText({ code: 'misconfigured' }), '出错了（misconfigured）')
  const now = new Date(2026, 10, 21, 15, 30).getTime()
  for (const [ago, want] of [[0, '刚刚'], [-5000, '刚刚'], [59999, '刚刚'], [60000, '1 分钟前'], [3599999, '59 分钟前'], [3600000, '1 小时前'], [86399999, '23 小时前'], [86400000, '2026-11-20 15:30']]) {
    assert.equal(text.dateText(new Date(now - ago), now), want)
  }
  assert.equal(text.lifeText(259200), '3 天')
  assert.equal(text.lifeText(7200), '2 小时')
  for (const [agent, want] of [
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15', 'Safari · macOS'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36 Edg/128.0.0.0', 'Edge · Windows'],
    ['curl/8.5.0', 'curl/8.5.0'], ['', '未知浏览器']
  ]) assert.equal(text.browserText(agent), want)
})
