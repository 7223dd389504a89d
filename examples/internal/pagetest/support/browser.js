'use strict'

// Debian's Chromium, headless, and the page in it.

const assert = require('node:assert/strict')
const path = require('node:path')
const { chromium } = require('playwright-core')

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync']

// WXSESSION_CHROMIUM names another browser of the family.
function startBrowser() {
  return chromium.launch({ executablePath: process.env.WXSESSION_CHROMIUM || '/usr/bin/chromium', headless: true, args: flags })
}

// What Chromium logs of every reply from 400 on; the tests bring them about.
const expected = /^Failed to load resource: the server responded with a status of (401|403|404|503) /

// A page of its own context that notes every complaint of the browser's.
async function newPage(browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', reducedMotion: 'reduce', viewport: { width: 1440, height: 900 }, ...options })
  context.setDefaultTimeout(10000)
  return watch(await context.newPage())
}

function watch(page) {
  page.complaints = []
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type()) && !expected.test(message.text())) page.complaints.push(message.text())
  })
  page.on('pageerror', err => page.complaints.push(String(err)))
  return page
}

async function openPage(browser, server, options) {
  const page = await newPage(browser, options)
  await visit(page, server.url + '/')
  return page
}

async function visit(page, url) {
  await page.goto(url)
  await page.locator('body[data-ready]').waitFor()
  await page.evaluate(() => document.fonts.ready)
}

// The page with its user signed in.
async function signIn({ browser, server }, options) {
  const page = await openPage(browser, server, options)
  await press(page, 'phone.login')
  return page
}

function tokenOf(page) {
  return page.locator('#phone-token').getAttribute('title')
}

// Every test ends with it: no complaint, and no text without a translation.
async function closePage(page) {
  assert.deepEqual(page.complaints, [])
  await checkWords(page)
  await page.context().close()
}

async function checkWords(page) {
  for (const frame of page.frames()) assert.doesNotMatch(await frame.locator('body').innerText(), /⟦|\[object|\bundefined\b|\bNaN\b/)
}

// Presses a button by its name in the sources, and waits for the end of the act.
async function press(page, key) {
  await page.locator(`#main-view [data-focus="${key}"]`).click()
  await idle(page)
}

function idle(page) {
  return page.locator('#tour-do:not([aria-disabled])').waitFor()
}

// Presses a step of the tour, and waits until the next one is offered.
async function step(page, name) {
  await page.locator(`#tour-steps [data-focus="${name}"]`).click()
  await page.locator('#tour-do').click()
  await page.locator(`#tour-steps li.done [data-focus="${name}"]`).waitFor({ timeout: 20000 })
}

// The acts in the sequence, the latest first (requests of these tests are acts as
// well): their names, how they ended, and their arrows as "client > server: POST /wx/login".
function readActs(page) {
  return page.locator('details.act').evaluateAll(acts => acts.map(act => ({
    name: act.querySelector('.act-name').textContent,
    badge: act.querySelector('.badge') ? act.querySelector('.badge').textContent : '',
    arrows: [...act.querySelectorAll(':scope > ol.arrows details.arrow')].map(arrow =>
      arrow.dataset.from + ' > ' + arrow.dataset.to + ': ' + arrow.querySelector('.what strong').textContent)
  })))
}

async function lastAct(page) {
  return (await readActs(page))[0]
}

async function shoot(page, name, options) {
  await page.screenshot({ path: path.join(__dirname, '../shots', name + '.png'), ...options })
}

module.exports = { checkWords, closePage, idle, lastAct, newPage, openPage, press, readActs, shoot, signIn, startBrowser, step, tokenOf, visit }
