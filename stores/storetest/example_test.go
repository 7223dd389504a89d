package storetest_test

import (
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
	"github.com/wxsession/wxsession/stores/storetest"
)

// The test of a store of your own. Outage, Stall and Restart of the Harness say
// how its server is disturbed; without them their cases are left out.
func ExampleRun() {
	TestStore := func(t *testing.T) {
		storetest.Run(t, storetest.Harness{
			Open: func(t testing.TB) core.Store {
				store, err := memory.New(memory.Options{}) // yours
				if err != nil {
					t.Fatal(err)
				}
				return store
			},
		})
	}
	_ = TestStore // go test runs it
}
