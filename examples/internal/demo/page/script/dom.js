// Elements are made by hand: nothing that a server says is ever read as HTML.

const $ = id => document.getElementById(id)

// An element with properties and children. Functions are listeners, data-* and
// aria-* are attributes; what is undefined or false is left out.
function h(name, properties, ...children) {
  const el = document.createElement(name)
  el.handlers = {}
  for (const [key, value] of Object.entries(properties || {})) {
    if (value === undefined || value === false || value === null) continue
    if (typeof value === 'function') {
      el.handlers[key] = value
      el.addEventListener(key, event => el.handlers[key] && el.handlers[key](event))
    } else if (key === 'class') el.className = value
    else if (key === 'open' || key === 'hidden') el[key] = value
    else el.setAttribute(key, value === true ? '' : value)
  }
  el.append(...children.flat().filter(child => child !== undefined && child !== null && child !== false))
  return el
}

function icon(name) {
  const ns = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(ns, 'svg')
  const use = document.createElementNS(ns, 'use')
  use.setAttribute('href', '#i-' + name)
  svg.setAttribute('aria-hidden', 'true')
  svg.append(use)
  return svg
}

function button(key, listener, properties) {
  return h('button', Object.assign({ type: 'button', click: listener }, properties), t(key))
}

// Makes the children of el what is given. What is there already is changed and not
// replaced, so that it keeps the focus, and is not read out again.
function redraw(el, ...children) {
  const focused = document.activeElement
  const held = el.contains(focused) && focused !== el ? focused.dataset.focus : undefined
  const next = document.createElement(el.nodeName)
  next.append(...children.flat().filter(Boolean))
  changeChildren(el, next)
  if (held === undefined || el.contains(document.activeElement)) return
  const heir = [...el.querySelectorAll('[data-focus]')].find(child => child.dataset.focus === held) || el.querySelector('button')
  if (heir) heir.focus({ preventScroll: true })
}

function changeChildren(el, next) {
  const wanted = [...next.childNodes]
  const keys = wanted.map(focusKey)
  for (const child of [...el.childNodes]) {
    if (focusKey(child) && !keys.includes(focusKey(child))) child.remove()
  }
  wanted.forEach((node, i) => {
    const old = el.childNodes[i]
    if (!old) el.append(node)
    else if (old.nodeName === node.nodeName && focusKey(old) === focusKey(node)) change(old, node)
    else if (focusKey(old) && keys.includes(focusKey(old))) el.insertBefore(node, old)
    else el.replaceChild(node, old)
  })
  while (el.childNodes.length > wanted.length) el.lastChild.remove()
}

function focusKey(node) {
  return node.dataset ? node.dataset.focus : undefined
}

function change(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue
    return
  }
  for (const name of old.getAttributeNames()) if (!next.hasAttribute(name)) old.removeAttribute(name)
  for (const name of next.getAttributeNames()) {
    if (old.getAttribute(name) !== next.getAttribute(name)) old.setAttribute(name, next.getAttribute(name))
  }
  Object.assign(old.handlers || {}, next.handlers)
  changeChildren(old, next)
}

function sleep(ms) {
  return new Promise(resolve => setTimeout(resolve, ms))
}

function stillness() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}

const themeKey = 'wxsession-page-theme'

function startTheme() {
  const buttons = document.querySelectorAll('[data-theme-choice]')
  function choose(theme) {
    document.documentElement.dataset.theme = theme
    for (const b of buttons) b.setAttribute('aria-pressed', String(b.dataset.themeChoice === theme))
  }
  for (const b of buttons) {
    b.addEventListener('click', () => {
      remember(themeKey, b.dataset.themeChoice)
      choose(b.dataset.themeChoice)
    })
  }
  const recalled = () => choose(recall(themeKey) || 'auto')
  addEventListener('storage', recalled) // chosen on another page, of which the website is one
  recalled()
}
