// Package storetest is the conformance suite for implementations of
// core.Store: each subtest holds a store to one sentence of that contract.
//
// A backend's own test is a harness:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			Open: func(t testing.TB) core.Store {
//				s, err := mystore.New(client, mystore.Options{Prefix: uniquePrefix()})
//				if err != nil {
//					t.Fatal(err)
//				}
//				return s
//			},
//		})
//	}
//
// The optional fields of [Harness] unlock further subtests: faults, two
// connections to the same data, an injected clock. What a harness cannot do
// is skipped by name, so that the test's output shows what was not proven.
// Run the suite with the race detector at least once.
package storetest
