// Package doctor looks at the environment of a service and at the servers that
// it names, and says what is wrong and what to do.
//
// It looks with the eyes of the service: the same variables, the same clients,
// the same keys. What the service's own client cannot tell it asks the servers
// itself. It writes to the store under keys of its own only, which live for ten
// seconds at most, and removes them. No secret gets into a Check.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
)

// Extension is a package that has variables of its own.
type Extension struct {
	Name string   // of its check
	Vars []string // with any of which set it is looked at
	// Check reads the variables and says what is wrong with them; nil: this build
	// cannot.
	Check func(*core.Manager) error
}

// patience is what a single step may take. It is longer than the store's own
// timeouts, so that a slow server is told from one that does not answer.
const patience = 3 * time.Second

// doctor is one visit.
type doctor struct {
	cfg        core.Config
	errs       error         // of reading the variables
	wx         *core.Manager // nil where cfg does not make one; its store is not the real one
	refused    error         // why there is none
	extensions []Extension
	now        func() time.Time
	getenv     func(string) string
}

// Run makes all checks and hands each to report, in the order of Topics, but for
// those of one server, which come together. It ends when ctx does.
func Run(ctx context.Context, getenv func(string) string, extensions []Extension, report func(Check)) {
	d := &doctor{extensions: extensions, now: time.Now, getenv: getenv}
	d.cfg, d.errs = core.ConfigFromEnv()
	d.cfg.Logger = slog.New(slog.DiscardHandler)
	if store, err := memory.New(memory.Options{}); err == nil {
		defer store.Close()
		d.wx, d.refused = core.New(d.cfg, unseen{store})
	}
	groups := []func(context.Context, findings){d.checkSettings, d.checkStore, d.checkWeChat}
	found := make([]findings, len(groups))
	for i, group := range groups {
		found[i] = make(findings, 64) // so that a group need not wait for those before
		go func() {
			defer close(found[i])
			group(ctx, found[i])
		}()
	}
	for _, f := range found {
		for c := range f {
			report(c)
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		report(Check{"time", Fail, "the time was up before everything was looked at", "mend what is slow, or give it more time with --timeout"})
	}
}

// unseen hides what a store can do, so that core.New takes it for one outside the
// process, whose values are sealed.
type unseen struct{ core.Store }

// checkSettings looks at what needs no server.
func (d *doctor) checkSettings(_ context.Context, f findings) {
	for _, text := range lines(d.errs) {
		f.fail("environment", text, "")
	}
	if d.errs == nil {
		f.ok("environment", "every variable can be read")
	}
	switch {
	case d.errs != nil:
		f.skip("configuration", "it is not complete without the variables that cannot be read", "")
	case d.refused == nil:
		f.ok("configuration", "sessions end %v after their last use and %v after the login", d.idleTimeout(), d.lifetime())
	default:
		for _, text := range lines(d.refused) {
			f.fail("configuration", strings.TrimPrefix(text, "cannot use this configuration: "), "")
		}
	}
	d.checkKeys(f)
	d.checkCookie(f)
	for _, x := range d.extensions {
		d.checkExtension(x, f)
	}
}

// The defaults are core's, which says them in its documentation.
func (d *doctor) idleTimeout() time.Duration { return cmp.Or(d.cfg.IdleTimeout, 72*time.Hour) }
func (d *doctor) lifetime() time.Duration    { return cmp.Or(d.cfg.Lifetime, 30*24*time.Hour) }

// lines takes joined errors apart.
func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func (d *doctor) checkKeys(f findings) {
	const newKey = "make one with `wxsession keygen`"
	if d.local() {
		f.ok("keys", "values stay in the process, nothing needs to be sealed")
		return
	}
	if len(d.cfg.Keys) == 0 {
		if d.getenv("WX_KEYS") == "" {
			f.warn("keys", "WX_KEYS is not set: openids, attributes and session_keys stand in the store in clear", newKey+", and set WX_ACCEPT_CLEAR=true beside it for one lifetime")
		}
		return
	}
	if _, err := core.NewInspector(d.cfg, ""); err != nil {
		f.fail("keys", err.Error(), newKey)
		return
	}
	for i, key := range d.cfg.Keys {
		if len(key.Reveal()) < 40 { // not base64 of 32 bytes, so the 32 bytes themselves
			f.warn("keys", fmt.Sprintf("key %d of WX_KEYS is text, and easier to guess than 32 random bytes", i+1), newKey+", and rotate to it with `wxsession keygen --rotate`")
		}
	}
	if d.cfg.AcceptClear {
		f.warn("keys", "WX_ACCEPT_CLEAR is set: who writes to the store can forge sessions", fmt.Sprintf("unset it one lifetime (%v) after the keys came", d.lifetime()))
	}
	f.ok("keys", "values are sealed, with the first of %s", plural(len(d.cfg.Keys), "key"))
}

func (d *doctor) checkCookie(f findings) {
	switch {
	case d.cfg.Cookie == "" || d.refused != nil:
		return
	case d.cfg.CookieInsecure:
		f.warn("cookie", "browsers send the cookie over http too (WX_COOKIE_INSECURE)", "leave that to localhost: unset it where users are")
	default:
		f.ok("cookie", "browsers may carry their token in a cookie, over https")
	}
}

func (d *doctor) checkExtension(x Extension, f findings) {
	set := ""
	for _, name := range x.Vars {
		if d.getenv(name) != "" {
			set = name
		}
	}
	switch {
	case set == "":
		return
	case x.Check == nil:
		f.skip(x.Name, "this build does not know the package that reads "+set, "")
		return
	case d.wx == nil:
		f.skip(x.Name, "without a configuration it cannot be looked at", "")
		return
	}
	err := x.Check(d.wx)
	for _, text := range lines(err) {
		f.fail(x.Name, text, "")
	}
	if err == nil {
		f.ok(x.Name, "its variables fit")
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
