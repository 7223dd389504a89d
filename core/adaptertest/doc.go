// Package adaptertest is the behaviour that every adapter of core to a web
// framework has, as a table of tests. The adapters of this module pass it; one
// that you write for another framework should too.
//
//	func TestAdapter(t *testing.T) {
//		adaptertest.Run(t, adaptertest.Harness{Serve: func(t testing.TB, app *adaptertest.App) string {
//			mux := http.NewServeMux()
//			auth := mywx.Mount(mux, app.Manager)
//			mywx.MountRoutes(mux, app.Routes...)
//			// … the routes that App names …
//			return adaptertest.ServeHTTP(t, mux)
//		}})
//	}
//
// The rows talk HTTP over a loopback connection and know nothing of the
// framework, so that it need not be built on net/http. What a framework cannot
// do at all is declared in the Harness.
//
// The rules of the sessions themselves (expiry, revocation, caps …) are tested
// in core. Here is what can go wrong in between: a status, a header, a context
// that gets lost, a writer that hides what it can do, a token that is looked
// for in the wrong place.
package adaptertest
