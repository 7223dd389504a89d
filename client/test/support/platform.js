'use strict'

// A wx of our own: the calls of WeChat's that the client uses, with WeChat's
// manners (callbacks, any status is a success, ten requests at a time, Referer
// set by the platform, no cookies), over real HTTP. Faults are set in `faults`.

const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')

const appid = 'wx0000000000000001' // what Referer names; the simulator has another

function createPlatform(url, user, shared) {
  const storage = shared || new Map()
  const faults = {
    login: null, // replaces the next wx.login calls: a function of its options
    storage: {}, // get, set, remove: true makes the call throw
    checkSession: null // replaces wx.checkSession
  }
  const seen = { logins: 0, loginsNow: 0, loginsMost: 0, checks: 0, calls: [], requestsMost: 0 }

  // Not more than ten at a time: the others wait, as with WeChat.
  let running = 0
  const queue = []
  function slot(start) {
    if (running >= 10) return queue.push(start)
    running++
    seen.requestsMost = Math.max(seen.requestsMost, running)
    start(() => {
      running--
      if (queue.length) slot(queue.shift())
    })
  }

  // One HTTP exchange for the call of this name; returns the task.
  function exchange(name, options, make, finish) {
    seen.calls.push(Object.assign({}, options, { api: name }))
    let request = null
    let over = false
    const task = { abort() { end(() => options.fail({ errMsg: name + ':fail abort' })); if (request) request.destroy() } }
    let free = () => {}
    function end(tell) {
      if (over) return
      over = true
      free()
      tell()
      if (options.complete) options.complete()
    }
    slot(release => {
      free = release
      if (over) return free()
      const { method, target, header, body } = make()
      request = http.request(target, {
        method,
        agent: false,
        headers: Object.assign({ referer: 'https://servicewechat.com/' + appid + '/devtools/page-frame.html' }, header)
      }, res => {
        const parts = []
        res.on('data', part => parts.push(part))
        res.on('end', () => end(() => options.success(finish(res, Buffer.concat(parts)))))
        res.on('error', () => end(() => options.fail({ errMsg: name + ':fail errcode:-101 cronet_error_code:-101 error_msg:net::ERR_CONNECTION_RESET' })))
      })
      request.on('error', () => end(() => options.fail({ errMsg: name + ':fail errcode:-101 cronet_error_code:-101 error_msg:net::ERR_CONNECTION_RESET' })))
      request.end(body)
    })
    return task
  }

  const wx = {
    login(options) {
      seen.logins++
      seen.loginsNow++
      seen.loginsMost = Math.max(seen.loginsMost, seen.loginsNow)
      const told = Object.assign({}, options, {
        success: res => { seen.loginsNow--; options.success(res) },
        fail: err => { seen.loginsNow--; options.fail(err) }
      })
      if (faults.login) return faults.login(told)
      code(url, user).then(text => told.success({ code: text, errMsg: 'login:ok' }))
    },

    request(options) {
      return exchange('request', options, () => {
        const method = options.method || 'GET'
        if (!/^(OPTIONS|GET|HEAD|POST|PUT|DELETE|TRACE|CONNECT)$/.test(method)) throw new Error('wx.request has no method ' + method)
        const header = Object.assign({ 'content-type': 'application/json' }, options.header)
        let target = options.url
        let body = ''
        if (options.data !== undefined) {
          if (method === 'GET' || method === 'HEAD') target += (target.includes('?') ? '&' : '?') + new URLSearchParams(options.data)
          else body = typeof options.data === 'string' ? options.data : JSON.stringify(options.data)
        }
        return { method, target, header, body }
      }, (res, raw) => ({ data: decode(options, raw), statusCode: res.statusCode, header: headers(res), cookies: [], errMsg: 'request:ok' }))
    },

    uploadFile(options) {
      return exchange('uploadFile', options, () => {
        const boundary = '----wx' + Date.now()
        const body = Buffer.concat([
          Buffer.from('--' + boundary + '\r\nContent-Disposition: form-data; name="' + options.name + '"; filename="f"\r\n\r\n'),
          fs.readFileSync(options.filePath),
          Buffer.from('\r\n--' + boundary + '--\r\n')
        ])
        const header = Object.assign({}, options.header, { 'content-type': 'multipart/form-data; boundary=' + boundary })
        return { method: 'POST', target: options.url, header, body }
      }, (res, raw) => ({ data: raw.toString(), statusCode: res.statusCode, errMsg: 'uploadFile:ok' })) // data is always text
    },

    downloadFile(options) {
      return exchange('downloadFile', options, () => ({ method: 'GET', target: options.url, header: options.header }), (res, raw) => {
        const tempFilePath = path.join(temporary(), String(seen.calls.length))
        fs.writeFileSync(tempFilePath, raw)
        return { tempFilePath, statusCode: res.statusCode, errMsg: 'downloadFile:ok' }
      })
    },

    checkSession(options) {
      seen.checks++
      if (faults.checkSession) return faults.checkSession(options)
      setImmediate(() => options.success({ errMsg: 'checkSession:ok' }))
    },

    getDeviceInfo() {
      return { abi: 'arm64-v8a', brand: 'HUAWEI', model: 'Mate 60', system: 'HarmonyOS 4.2', platform: 'android' }
    },

    getStorageSync(key) {
      if (faults.storage.get) throw new Error('getStorageSync:fail')
      return storage.has(key) ? JSON.parse(storage.get(key)) : ''
    },

    setStorageSync(key, value) {
      if (faults.storage.set) throw new Error('setStorageSync:fail exceed storage max size')
      storage.set(key, JSON.stringify(value))
    },

    removeStorageSync(key) {
      if (faults.storage.remove) throw new Error('removeStorageSync:fail')
      storage.delete(key)
    }
  }
  return { wx, storage, faults, seen }
}

// The folder of downloads; it goes with the process.
let folder = ''
function temporary() {
  if (!folder) {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wx-'))
    process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
  }
  return folder
}

// What wx.login would give this user.
async function code(url, user) {
  const reply = await fetch(url + '/devtools/code?user=' + user)
  return (await reply.json()).code
}

function decode(options, raw) {
  if (options.responseType === 'arraybuffer') return raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length)
  if ((options.dataType || 'json') !== 'json') return raw.toString()
  try {
    return JSON.parse(raw.toString())
  } catch (err) {
    return raw.toString()
  }
}

// Names of headers as one of WeChat's platforms gives them.
function headers(res) {
  const all = {}
  for (let i = 0; i < res.rawHeaders.length; i += 2) all[res.rawHeaders[i]] = res.rawHeaders[i + 1]
  return all
}

module.exports = { createPlatform, code }
