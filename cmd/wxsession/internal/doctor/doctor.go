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
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
)

// Extension is a package that has variables of its own.
type Extension struct {
	Name   string   // of its check
	Vars   []string // with any of which set it is looked at
	Switch string   // the one of Vars without which, or with false in which, the others do nothing
	Off    string   // what there is not then
	// Read reads the variables, and returns what tells whether they go with a
	// manager.
	Read func() (check func(*core.Manager) error, err error)
}

// extension is one that is looked at.
type extension struct {
	Extension
	idle  []string // variables that are set and do nothing
	on    bool
	check func(*core.Manager) error
	err   error // of reading the variables
}

// patience is what a single step may take. It is longer than the store's own
// timeouts, so that a slow server is told from one that does not answer.
const patience = 3 * time.Second

// Doctor is one visit, to what the environment said when New read it.
type Doctor struct {
	cfg        core.Config
	errs       error // of reading the variables
	keysSet    bool  // WX_KEYS is not empty, whether it can be read or not
	unknown    []string
	proxies    *httpproxy.Config
	extensions []extension
	now        func() time.Time

	wx      *core.Manager // nil where cfg does not make one; its store is not the real one
	refused error         // why there is none
}

// New reads the environment, of which environ is a list as os.Environ makes it. It
// asks nobody.
func New(environ []string, extensions []Extension) *Doctor {
	vars := readVariables(environ)
	d := &Doctor{keysSet: vars["WX_KEYS"] != "", proxies: httpproxy.FromEnvironment(), now: time.Now}
	d.cfg, d.errs = core.ConfigFromEnv()
	d.cfg.Logger = slog.New(slog.DiscardHandler)
	d.unknown = vars.unknown(extensions, d.errs)
	for _, x := range extensions {
		set := vars.among(x.Vars)
		if len(set) == 0 {
			continue
		}
		visited := extension{Extension: x, on: vars.on(x.Switch)}
		if !visited.on {
			visited.idle = slices.DeleteFunc(set, func(name string) bool { return name == x.Switch })
		}
		visited.check, visited.err = x.Read()
		d.extensions = append(d.extensions, visited)
	}
	return d
}

// Run makes all checks and hands each to report, in the order of Topics, but for
// those of one server, which come together. It ends when ctx does, and is called
// once.
func (d *Doctor) Run(ctx context.Context, report func(Check)) {
	if store, err := memory.New(memory.Options{}); err == nil {
		defer store.Close()
		var like core.Store = store
		if !d.local() {
			like = unseen{store}
		}
		d.wx, d.refused = core.New(d.cfg, like)
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
		report(Check{
			Name: "time", Status: Fail,
			Message: "the time was up before everything was looked at", Advice: "mend what is slow, or give it more time with --timeout",
		})
	}
}

// unseen hides what a store can do, so that core.New takes it for one outside the
// process, whose values are sealed. That is all that core.New asks of a store.
type unseen struct{ core.Store }

// checkSettings looks at what needs no server.
func (d *Doctor) checkSettings(_ context.Context, f findings) {
	for _, text := range lines(d.errs) {
		f.fail("environment", text, "")
	}
	if d.errs == nil {
		f.ok("environment", "every variable can be read")
	}
	for _, name := range d.unknown {
		f.warn("environment", name+" is no variable of ours: nothing here reads it", "leave it if it is your application's own, else rename it to one that the README lists, or unset it")
	}
	switch {
	case d.errs != nil:
		f.skip("configuration", "it is not complete without the variables that cannot be read", "")
	case d.refused == nil:
		f.ok("configuration", "sessions end %s after their last use and %s after the login", short(d.idleTimeout()), short(d.lifetime()))
	default:
		for _, text := range lines(d.refused) {
			f.fail("configuration", text, "")
		}
	}
	d.checkKeys(f)
	d.checkProxies(f)
	d.checkCookie(f)
	for _, x := range d.extensions {
		d.checkExtension(x, f)
	}
}

// The defaults are core's, which says them in its documentation.
func (d *Doctor) idleTimeout() time.Duration { return cmp.Or(d.cfg.IdleTimeout, 72*time.Hour) }
func (d *Doctor) lifetime() time.Duration    { return cmp.Or(d.cfg.Lifetime, 30*24*time.Hour) }

// lines takes joined errors apart, and leaves out that they are about the
// configuration: the name of the check says so.
func lines(err error) (all []string) {
	if err == nil {
		return nil
	}
	for text := range strings.SplitSeq(err.Error(), "\n") {
		if _, cause, found := strings.Cut(text, " this configuration: "); found {
			text = cause
		}
		all = append(all, text)
	}
	return all
}

func (d *Doctor) checkKeys(f findings) {
	const newKey = "make one with `wxsession keygen`"
	if d.cfg.AcceptClear && !d.keysSet {
		f.warn("keys", "WX_ACCEPT_CLEAR is set, WX_KEYS is not: nothing is sealed, and all values are in clear", "set WX_KEYS, or unset WX_ACCEPT_CLEAR")
	}
	if d.local() {
		f.ok("keys", "values stay in the process, nothing needs to be sealed")
		return
	}
	if len(d.cfg.Keys) == 0 {
		if !d.keysSet {
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
		f.warn("keys", "WX_ACCEPT_CLEAR is set: who writes to the store can forge sessions", fmt.Sprintf("unset it one lifetime (%s) after the keys came", short(d.lifetime())))
	}
	if len(d.cfg.Keys) == 1 {
		f.ok("keys", "values are sealed, with the only key of WX_KEYS")
		return
	}
	f.ok("keys", "values are sealed, with the first of the %d keys of WX_KEYS", len(d.cfg.Keys))
}

// checkProxies cannot see whether there is a proxy, or whether the framework names it.
func (d *Doctor) checkProxies(f findings) {
	switch {
	case d.refused != nil:
	case len(d.cfg.TrustedProxies) > 0:
		f.ok("proxies", "X-Forwarded-For of %s is believed (WX_TRUSTED_PROXIES): they have to send it, and clients have to be elsewhere", plural(len(d.cfg.TrustedProxies), "network"))
	case d.cfg.LimitAddress.N > 0:
		f.skip("proxies", "WX_LIMIT_ADDRESS is set, WX_TRUSTED_PROXIES is not: fine without a proxy, or where the framework names it; behind any other all users share one limit", "set WX_TRUSTED_PROXIES to the proxy's address, and have it send X-Forwarded-For")
	}
}

func (d *Doctor) checkCookie(f findings) {
	switch {
	case d.cfg.Cookie == "" || d.refused != nil:
		return
	case d.cfg.CookieInsecure:
		f.warn("cookie", "browsers send the cookie over http too (WX_COOKIE_INSECURE)", "leave that to localhost: unset it where users are")
	default:
		f.ok("cookie", "browsers may carry their token in a cookie, over https")
	}
}

func (d *Doctor) checkExtension(x extension, f findings) {
	for _, name := range x.idle {
		f.warn(x.Name, name+" does nothing without "+x.Switch+": "+x.Off, "set "+x.Switch+", or unset "+name)
	}
	err := x.err
	if err == nil && d.wx == nil {
		f.skip(x.Name, "without a configuration that core.New takes it cannot be looked at", "")
		return
	}
	if err == nil {
		err = x.check(d.wx)
	}
	for _, text := range lines(err) {
		f.fail(x.Name, text, "")
	}
	switch {
	case err != nil:
	case x.on:
		f.ok(x.Name, "on: the service starts with its variables")
	default:
		f.ok(x.Name, "off: %s", x.Off)
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
