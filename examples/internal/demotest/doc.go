// Package demotest tests an example server from outside, as a newcomer would
// try it: a process, its printed lines, its routes, its end.
//
//	func TestMain(m *testing.M) { demotest.Main(m, main) }
//	func TestExample(t *testing.T) { demotest.Run(t) }
package demotest
