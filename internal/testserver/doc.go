// Package testserver runs real servers for the tests of the stores, and stands
// between them and their clients to misbehave on demand.
//
// A test asks for what it needs and gets it on a free loopback port, in a
// directory of its own, until the test ends:
//
//	server := testserver.StartMemcached(t)
//	proxy := testserver.NewProxy(t, server.Addr)
//	store := open(t, proxy.Addr)
//	proxy.HalfOpen() // or server.Pause(), server.Kill(), server.Restart() …
//
// For what a real server says seldom, or says only in versions that cannot be had
// here, NewFakeRedis answers as the test has it.
//
// Where a server's binary is not installed, the test is skipped with a line
// that says how to get it; with WX_TEST_SERVERS=required in the environment it
// fails instead, so that a build server cannot skip silently.
//
// The package needs signals, hence Unix.
package testserver
