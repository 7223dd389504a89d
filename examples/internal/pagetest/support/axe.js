'use strict'

// What axe-core finds on a page and in its frames. Its source comes before the
// page's scripts, because the page's policy lets nothing in later.

const axe = require('axe-core')

async function addAxe(page) {
  await page.context().addInitScript({ content: axe.source })
}

async function findings(page) {
  const all = []
  for (const frame of page.frames()) {
    const { violations, passes } = await frame.evaluate(() => window.axe.run(document, { iframes: false, resultTypes: ['violations'] }))
    if (passes.length < 5) throw new Error('axe has looked at nothing')
    for (const { id, help, nodes } of violations) all.push(...nodes.map(node => id + ': ' + help + ': ' + node.html.slice(0, 160) + ' ' + node.any.map(check => check.message).join(' ')))
  }
  return all
}

module.exports = { addAxe, findings }
