'use strict'

// Loads a script as a mini program's runtime would that is as old as base
// library 2.10: a world of its own with ES2017 and nothing of Node or the web.
// Its timers are counted, and fired by hand where the test asks for that.

const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')

const clientFile = path.join(__dirname, '..', '..', 'wxsession.js')

// What ECMAScript has got since 2017.
const younger = `
  delete Promise.prototype.finally; delete Promise.allSettled; delete Promise.any; delete Promise.withResolvers
  delete Object.fromEntries; delete Object.hasOwn; delete Object.groupBy
  delete Symbol.asyncIterator; delete Symbol.prototype.description
  for (const type of [Array, String]) delete type.prototype.at
  for (const name of ['flat', 'flatMap', 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with']) delete Array.prototype[name]
  for (const name of ['trimStart', 'trimEnd', 'matchAll', 'replaceAll', 'isWellFormed', 'toWellFormed']) delete String.prototype[name]
  for (const name of ['globalThis', 'WeakRef', 'FinalizationRegistry', 'BigInt', 'AggregateError', 'WebAssembly', 'Atomics', 'SharedArrayBuffer']) delete this[name]
`

// Timers that run by themselves, and are counted.
function realClock() {
  const pending = new Map()
  return {
    pending,
    setTimeout(fn, ms) {
      const id = setTimeout(() => {
        pending.delete(id)
        fn()
      }, ms)
      pending.set(id, ms)
      return id
    },
    clearTimeout(id) {
      clearTimeout(id)
      pending.delete(id)
    }
  }
}

// Timers that run when the test says so.
function manualClock() {
  const pending = new Map()
  const set = [] // the length of every timer so far
  let last = 0
  function fire(id) {
    const { fn, ms } = pending.get(id)
    pending.delete(id)
    fn()
    return ms
  }
  return {
    pending,
    set,
    setTimeout(fn, ms) {
      pending.set(++last, { fn, ms })
      set.push(ms)
      return last
    },
    clearTimeout: id => pending.delete(id),
    // Waits until there is a timer of from to to ms, lets it run out, and
    // returns its length.
    async fire(from, to = from) {
      const id = await until(() => [...pending].filter(([, t]) => t.ms >= from && t.ms <= to).map(([key]) => key)[0],
        () => 'no timer of ' + from + ' to ' + to + ' ms among ' + [...pending.values()].map(t => t.ms))
      return fire(id)
    }
  }
}

// Polls while real I/O goes on.
async function until(condition, describe) {
  const end = Date.now() + 10000
  for (;;) {
    const value = condition()
    if (value) return value
    if (Date.now() > end) throw new Error('waited in vain: ' + (describe ? describe() : condition))
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

// Runs a file as a CommonJS module with the given names around it, and returns
// its exports.
function runModule(file, names, context = oldContext()) {
  const module = { exports: {} }
  const given = Object.assign({ module, exports: module.exports }, names)
  const source = fs.readFileSync(file, 'utf8')
  const run = vm.compileFunction(source, Object.keys(given), { filename: file, parsingContext: context })
  run(...Object.values(given))
  return module.exports
}

function oldContext() {
  const context = vm.createContext({})
  vm.runInContext(younger, context)
  return context
}

// The client; wx is the global that a mini program would have.
function loadClient(clock, wx) {
  const context = oldContext()
  const client = runModule(clientFile, {
    wx,
    setTimeout: clock.setTimeout,
    clearTimeout: clock.clearTimeout,
    require() { throw new Error('the client has no dependencies') },
    console: new Proxy({}, { get() { throw new Error('the client writes no log') } })
  }, context)
  return Object.assign({ math: vm.runInContext('Math', context) }, client)
}

module.exports = { clientFile, loadClient, manualClock, oldContext, realClock, runModule, until }
