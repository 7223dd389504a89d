// The page's language: the browser's, until somebody chooses another.

const languages = { en: english, zh: chinese }
const languageKey = 'wxsession-page-language'
const language = {
  now: 'en',
  // What depends on the language and is not marked by data-t.
  listeners: []
}

function startLanguage() {
  const asked = new URLSearchParams(location.search).get('lang') || recall(languageKey)
  const wanted = asked || navigator.language || 'en'
  setLanguage(wanted.toLowerCase().startsWith('zh') ? 'zh' : 'en')
  for (const button of document.querySelectorAll('[data-language]')) {
    button.addEventListener('click', () => {
      remember(languageKey, button.dataset.language)
      setLanguage(button.dataset.language)
    })
  }
}

function setLanguage(name) {
  language.now = name
  document.documentElement.lang = name === 'zh' ? 'zh-CN' : 'en'
  document.title = t('title')
  translate(document)
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.dataset.language === name))
  }
  for (const listener of language.listeners) listener()
}

// Fills in what is marked by data-t (text) and data-t-label (accessible name).
function translate(root) {
  for (const el of root.querySelectorAll('[data-t]')) el.replaceChildren(...rich(t(el.dataset.t)))
  for (const el of root.querySelectorAll('[data-t-label]')) el.setAttribute('aria-label', t(el.dataset.tLabel))
}

// The text of a key, with its {names} filled in. A missing key shows as itself;
// the tests look for that.
function t(key, values) {
  const text = languages[language.now][key]
  if (text === undefined) return '⟦' + key + '⟧'
  return text.replace(/\{(\w+)\}/g, (all, name) => values && name in values ? String(values[name]) : all)
}

function known(key) {
  return languages.en[key] !== undefined
}

// Nodes of a text in which backquotes mark code.
function rich(text) {
  return text.split('`').map((part, i) => i % 2 ? code(part) : document.createTextNode(part))
}

function code(text, name) {
  return h('code', { class: name, translate: 'no' }, text)
}

// Durations, times and the like, in the page's language.

function durationText(seconds) {
  for (const [unit, size] of [['days', 86400], ['hours', 3600], ['minutes', 60]]) {
    if (seconds >= 2 * size || seconds === size) return t('time.' + unit, { n: Math.round(seconds / size) })
  }
  return t('time.seconds', { n: Math.round(seconds) })
}

function agoText(at) {
  const seconds = (clockNow() - at) / 1000
  return seconds < 5 ? t('time.now') : t('time.ago', { time: durationText(seconds) })
}

function timeText(at) {
  const locale = language.now === 'zh' ? 'zh-CN' : 'en-GB'
  return new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }).format(at)
}

function clockText(at) {
  return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at)
}

// What a browser keeps for this page; it may refuse.

function recall(key) {
  try {
    return localStorage.getItem(key)
  } catch (err) {
    return null
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, value)
  } catch (err) { /* the choice lasts as long as the page */ }
}
