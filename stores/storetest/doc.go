// Package storetest is the conformance suite for implementations of
// core.Store: each subtest holds a store to one sentence of that contract.
//
// A backend's own test is a harness:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			Open: func(t testing.TB) core.Store {
//				s, err := mystore.New(client, mystore.Options{Prefix: "test-" + rand.Text() + ":"})
//				if err != nil {
//					t.Fatal(err)
//				}
//				return s
//			},
//		})
//	}
//
// Each store that Open returns must be empty, also where earlier runs have left
// values on the server. A prefix that nobody has used is a random one, as above
// (crypto/rand), made at each call: the name of the test, a counter or the time
// come again. OpenPrefix is given its prefix by the suite, a random one too, and
// takes it as it is.
//
// The optional fields of [Harness] unlock further subtests: faults, two
// connections to the same data, an injected clock. What a harness cannot do
// is skipped by name, so that the test's output shows what was not proven.
// Run the suite with the race detector at least once.
package storetest
