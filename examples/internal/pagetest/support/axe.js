'use strict'

// What axe-core finds on a page and in its frames. Its source comes before the
// page's scripts, because the page's policy lets nothing in later.

const axe = require('axe-core')

async function addAxe(page) {
  await page.context().addInitScript({ content: axe.source })
}

// rules, if they are given, are the only ones that count.
async function findings(page, rules) {
  const all = []
  for (const frame of page.frames()) {
    const { violations, passes } = await frame.evaluate(
      rules => window.axe.run(document, { iframes: false, resultTypes: ['violations'], runOnly: rules }), rules)
    if (passes.length < (rules ? rules.length : 5)) throw new Error('axe has looked at nothing')
    for (const { id, help, nodes } of violations) all.push(...nodes.map(node => id + ': ' + help + ': ' + node.html.slice(0, 160) + ' ' + node.any.map(check => check.message).join(' ')))
  }
  return all
}

module.exports = { addAxe, findings }
