'use strict'

// Runs the example mini program in Node: App, Page, getApp and what of wx shows
// something, in the world of an old runtime. The rest of wx is the platform's.

const fs = require('node:fs')
const path = require('node:path')
const { realClock, runModule, oldContext } = require('./runtime.js')

const folder = path.join(__dirname, '..', '..', '..', 'examples', 'miniprogram')

// Starts the mini program: wx is the platform's, config replaces members of its
// config.js. open(page, query) shows a page.
function startMiniProgram(wx, config) {
  const clock = realClock()
  const context = oldContext()
  const modules = new Map()
  const shown = { toasts: [], modals: [], opened: [], answer: true, scanned: null }
  let application = null

  // What shows something on a phone; a modal is answered by shown.answer.
  const screen = Object.assign({}, wx, {
    showToast: options => { shown.toasts.push(options.title) },
    showModal: options => {
      shown.modals.push(options.title)
      options.success({ confirm: shown.answer, cancel: !shown.answer })
    },
    navigateTo: options => { shown.opened.push(options.url) },
    reLaunch: options => { shown.opened.push(options.url) },
    stopPullDownRefresh: () => { shown.refreshed = true },
    scanCode: options => options.success(shown.scanned)
  })

  function load(file, more) {
    const full = file.endsWith('.js') ? file : file + '.js'
    if (modules.has(full)) return modules.get(full)
    const exports = runModule(full, Object.assign({
      wx: screen,
      getApp: () => application,
      require: name => load(path.join(path.dirname(full), name)),
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout
    }, more), context)
    if (full === path.join(folder, 'config.js')) Object.assign(exports, config)
    modules.set(full, exports)
    return exports
  }

  load(path.join(folder, 'app.js'), { App: options => { application = options } })
  if (application.onLaunch) application.onLaunch()

  function open(name, query) {
    let page = null
    load(path.join(folder, 'pages', name, name), {
      Page: options => {
        page = Object.assign({}, options, {
          data: plain(options.data),
          setData(changes) { Object.assign(this.data, plain(changes)) }
        })
      }
    })
    modules.delete(path.join(folder, 'pages', name, name + '.js')) // a page is made anew each time
    if (page.onLoad) page.onLoad(query || {})
    if (page.onShow) page.onShow()
    return page
  }

  return { app: application, clock, folder, open, shown }
}

// What crosses from a page's script to its view: JSON, and nothing undefined.
function plain(value) {
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) throw new Error('setData with undefined for ' + key)
  }
  return JSON.parse(JSON.stringify(value))
}

// All files of the mini program, by their paths in it.
function files() {
  return fs.readdirSync(folder, { recursive: true }).map(name => name.split(path.sep).join('/'))
    .filter(name => fs.statSync(path.join(folder, name)).isFile()).sort()
}

module.exports = { files, folder, startMiniProgram }
