package demo

import (
	"cmp"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
)

// state is what the page has to know of the server.
type state struct {
	Boot   string `json:"boot"` // differs after a restart
	Run    string `json:"run"`  // what starts this server, after its variables
	AppID  string `json:"appid"`
	Prefix string `json:"prefix"`
	Store  string `json:"store"` // scheme of the DSN, without what may be a password
	Sealed bool   `json:"sealed"`
	Cookie string `json:"cookie,omitempty"`
	// Routes are those that are not always there.
	Routes map[string]bool `json:"routes"`

	Now   int64  `json:"now"`   // Unix milliseconds
	Ahead int64  `json:"ahead"` // seconds by which the clock was moved
	Down  bool   `json:"down"`
	Mood  string `json:"mood"`
}

func (s *simulation) state() state {
	st := s.about
	st.Now = s.clock.now().UnixMilli()
	st.Ahead = int64(s.clock.lead() / time.Second)
	st.Down, st.Mood = s.down.Load(), s.getMood()
	return st
}

// describe is the part of the state that does not change.
func describe(cfg *core.Config, prefix, boot string) state {
	scheme, _, _ := strings.Cut(cmp.Or(cfg.Store, "memory://"), "://")
	return state{
		Boot: boot, Run: commandLine(), AppID: cfg.AppID, Prefix: prefix, Store: scheme, Cookie: cfg.Cookie,
		Sealed: len(cfg.Keys) > 0 && scheme != "memory",
	}
}

// commandLine is how an example is started from a checkout; for a program that is
// built elsewhere the one that runs.
func commandLine() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path == "" {
		return os.Args[0]
	}
	folder, found := strings.CutPrefix(info.Path, info.Main.Path+"/")
	if !found {
		return os.Args[0]
	}
	return "go run ./" + strings.TrimSuffix(folder, ".test")
}

// optionalRoutes are the routes that a configuration may add, as the page names
// them.
func optionalRoutes() map[string]string {
	return map[string]string{
		"phone": "/phone", "ticket": "/ticket", "enter": "/enter",
		"scan": "/scan", "token": "/token", "jwks": "/jwks",
	}
}

// findRoutes asks h which of them it has. No route takes PATCH, so those that are
// there answer 405, without a look into the store.
func findRoutes(h http.Handler, prefix string) map[string]bool {
	found := map[string]bool{}
	for name, path := range optionalRoutes() {
		r, err := http.NewRequest(http.MethodPatch, prefix+path, http.NoBody)
		if err != nil {
			continue // a prefix that core refuses
		}
		var w silentWriter
		h.ServeHTTP(&w, r)
		found[name] = w.status == http.StatusMethodNotAllowed
	}
	return found
}

// silentWriter takes the status of a reply and nothing else.
type silentWriter struct {
	header http.Header
	status int
}

func (w *silentWriter) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

func (w *silentWriter) WriteHeader(status int) { w.status = cmp.Or(w.status, status) }

func (w *silentWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(b), nil
}
