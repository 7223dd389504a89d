'use strict'

// Debian's Chromium, headless, and what every test wants of a page.

const { chromium } = require('playwright-core')

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync']

// WXSESSION_CHROMIUM names another browser of the family.
function startBrowser() {
  return chromium.launch({ executablePath: process.env.WXSESSION_CHROMIUM || '/usr/bin/chromium', headless: true, args: flags })
}

module.exports = { startBrowser }
