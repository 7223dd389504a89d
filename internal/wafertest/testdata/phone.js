// A phone with one mini program on it: what Tencent's Wafer clients use of wx,
// and behind it a client as npm delivers it.
//
//   node phone.js <client> <server> <login path> <appid>
//
// Each line of standard input is a call of the client, {"call","options"}. Its
// end is one line of standard output: which callbacks ran and with what, and
// what the client has done to the storage.
'use strict';

const http = require('http');

const agent = new http.Agent({ keepAlive: true });
const [client, server, loginPath, appid] = process.argv.slice(2);
const storage = new Map();
let changes = [];

// receive sends an HTTP request and returns the reply, with its whole body.
function receive(url, method, headers, body) {
  return new Promise((resolve, reject) => {
    const req = http.request(url, { method, headers, agent }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (part) => { text += part; });
      res.on('end', () => resolve({ statusCode: res.statusCode, header: res.headers, text })).on('error', reject);
    });
    req.on('error', reject).end(body);
  });
}

// ask gets what WeChat's own servers give a phone; here the test plays them.
async function ask(what) {
  const res = await receive(`${server}/phone/${what}`, 'GET');
  if (res.statusCode !== 200) throw new Error(`${what}:fail`);
  return JSON.parse(res.text);
}

async function send({ url, method = 'GET', header = {}, data }) {
  // Options reach the phone's network stack as JSON, which has no undefined.
  const headers = JSON.parse(JSON.stringify(header));
  headers.referer = `https://servicewechat.com/${appid}/1/page-frame.html`;
  let body;
  if (data && method === 'GET') {
    url += '?' + new URLSearchParams(data);
  } else if (data) {
    headers['content-type'] = 'application/json';
    body = JSON.stringify(data);
  }
  const { statusCode, header: replied, text } = await receive(url, method, headers, body);
  return { statusCode, header: replied, data: parsed(text) };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

// settle calls back from outside the promise: what a client throws there is an
// uncaught exception, as on a phone.
function settle(promise, { success, fail, complete }) {
  const end = (callback, value) => setImmediate(() => {
    callback?.(value);
    complete?.(value);
  });
  promise.then((value) => end(success, value), (err) => end(fail, { errMsg: err.message }));
}

global.wx = {
  login: (options) => settle(ask('login'), options),
  getUserInfo: (options) => settle(ask('getUserInfo'), options),
  checkSession: (options) => settle(ask('checkSession'), options),
  request: (options) => settle(send(options), options),

  getStorageSync: (key) => (storage.has(key) ? JSON.parse(storage.get(key)) : ''),
  setStorageSync(key, value) {
    changes.push('set');
    storage.set(key, JSON.stringify(value));
  },
  removeStorageSync(key) {
    changes.push('remove');
    storage.delete(key);
  },

  onSocketOpen() {},
  onSocketClose() {},
  onSocketMessage() {},
  onSocketError() {},
};

const sdk = require(client); // looks for wx while it is loaded
sdk.setLoginUrl(server + loginPath);

let outcome;

// ended notes that a callback ran. Those that follow in the same turn count too.
function ended(callback, value) {
  outcome.callbacks.push(callback);
  if (callback === 'complete') return;
  outcome[callback] = value instanceof Error ? { type: value.type, message: value.message } : value;
  setImmediate(report);
}

function report() {
  for (const [key, text] of storage) outcome.storage[key] = JSON.parse(text);
  console.log(JSON.stringify({ ...outcome, changes }));
}

function run({ call, options }) {
  outcome = { callbacks: [], storage: {} };
  changes = [];
  const callbacks = {};
  for (const name of ['success', 'fail', 'complete']) callbacks[name] = (value) => ended(name, value);
  sdk[call]({ ...options, ...callbacks });
}

process.on('uncaughtException', (err) => ended('thrown', err));
require('readline').createInterface({ input: process.stdin })
  .on('line', (line) => run(JSON.parse(line)))
  .on('close', () => process.exit());
