package adaptertest_test

import (
	"net/http"
	"testing"

	"github.com/wxsession/wxsession/core/adaptertest"
)

// The test of an adapter of your own: newApplication builds what App describes
// with your framework.
func ExampleRun() {
	newApplication := func(app *adaptertest.App) http.Handler { return http.NotFoundHandler() }

	TestAdapter := func(t *testing.T) {
		adaptertest.Run(t, adaptertest.Harness{
			Serve: func(t testing.TB, app *adaptertest.App) string {
				return adaptertest.ServeHTTP(t, newApplication(app))
			},
		})
	}
	_ = TestAdapter // go test runs it
}
