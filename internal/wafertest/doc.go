// Package wafertest holds no code of its own, only a test: it runs the client
// packages of Tencent's Wafer SDKs, as npm delivers them, against every adapter.
//
// Each case is a Node process in which testdata/phone.js plays the phone, a
// server made with one of the adapters, and a simulated WeChat behind it. The
// case makes the client log in and send requests, does something to its session
// or to the store meanwhile, and looks at what the mini program gets to see.
//
// The packages are fetched from npm's registry when the test runs. Without Node
// (16 or newer), npm or the registry it is skipped; WX_TEST_SERVERS=required
// makes that a failure.
package wafertest
