package adaptertest

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Harness is what the table needs to know of an adapter and its framework.
// Only Serve is required.
type Harness struct {
	// Serve runs the application that App describes, with the framework's default
	// settings but for proxies, until the test ends (t.Cleanup). It returns the application's
	// address, such as http://127.0.0.1:41234.
	Serve func(t testing.TB, app *App) (url string)

	// NoErrorPath: the framework has no place where errors of handlers go.
	NoErrorPath bool
	// NoStreaming: a handler cannot flush a part of its reply.
	NoStreaming bool
	// NoHijacking: a handler cannot take over the connection.
	NoHijacking bool
	// NoCancellation: handlers do not learn that the client has gone.
	NoCancellation bool
	// Uploads: there is the route /upload, and what it leaves on the disk is looked at.
	Uploads bool
}

// ServeHTTP serves an application built on net/http for Harness.Serve.
func ServeHTTP(t testing.TB, h http.Handler) (url string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// Run holds the adapter to the table: once with its routes on the application
// itself, once within a group.
func Run(t *testing.T, h Harness) {
	for _, mount := range []struct{ name, group string }{
		{"on the application", ""},
		{"in a group", "/v1/shop"},
	} {
		t.Run(mount.name, func(t *testing.T) {
			for _, row := range table() {
				t.Run(row.name, func(t *testing.T) { row.run(t, h, mount.group) })
			}
		})
	}
}

// row is one line of the table. Its name says what holds.
type row struct {
	name  string
	check func(*rig)
	needs func(Harness) bool // nil: every framework can do it
}

func (row row) run(t testing.TB, h Harness, group string) {
	if row.needs != nil && !row.needs(h) {
		t.Skip("by its Harness the framework cannot do this, or has no route for it")
	}
	row.check(&rig{TB: t, h: h, group: group, patience: patience})
}

// table lists the rows in the order they run.
func table() []row {
	var rows []row
	for _, part := range [][]row{
		mountRows(), loginRows(), refusalRows(), routeRows(), tokenRows(),
		outageRows(), middlewareRows(), sessionKeyRows(), transportRows(),
		frameworkRows(), waferRows(),
		withRows(), uploadRows(), ownRows(), addressRows(), ownErrorRows(), cookieRows(), reshapeRows(),
	} {
		rows = append(rows, part...)
	}
	return rows
}
