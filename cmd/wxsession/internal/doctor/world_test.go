package doctor_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/core/wxtest"
)

// secretPassword stands in the DSNs of the tests. No check may show it.
const secretPassword = "Hunter2-marker"

// environment is all that a visit goes by.
type environment map[string]string

// healthy is the environment of a service with a WeChat that works, and whatever
// is added.
func healthy(t *testing.T, more environment) environment {
	t.Helper()
	wx := wxtest.NewServer(wxtest.Options{Errorf: t.Errorf})
	t.Cleanup(wx.Close)
	return with(environment{
		"WX_APPID": wx.AppID, "WX_SECRET": wx.Secret, "WX_API_BASE": wx.URL,
		"WX_KEYS": storeKey('k'),
	}, more)
}

func with(env, more environment) environment {
	all := environment{}
	for _, e := range []environment{env, more} {
		for name, value := range e {
			all[name] = value
		}
	}
	return all
}

// storeKey is a key of 32 bytes that base64 writes with one letter.
func storeKey(letter byte) string { return strings.Repeat(string(letter), 42) + "E=" }

// patient gives the servers of the tests more time than a service would: the
// machine may be busy with other tests.
func (env environment) patient() environment {
	dsn := env["WX_STORE"]
	if !strings.Contains(dsn, "127.0.0.1") || strings.Contains(dsn, "?timeout=") {
		return env
	}
	sign := "?"
	if strings.Contains(dsn, "?") {
		sign = "&"
	}
	return with(env, environment{"WX_STORE": dsn + sign + "timeout=8s"})
}

// process is the environment that all tests share.
var process sync.Mutex

// read calls f while env is the environment, and nothing else of ours. So tests
// that run side by side each have their own.
func (env environment) read(t *testing.T, f func()) {
	t.Helper()
	process.Lock()
	defer process.Unlock()
	before := environment{}
	for _, item := range os.Environ() {
		name, value, _ := strings.Cut(item, "=")
		upper := strings.ToUpper(name)
		if strings.HasPrefix(upper, "WX_") && name != "WX_TEST_SERVERS" || strings.HasSuffix(upper, "_PROXY") {
			before[name] = value
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range env {
		if err := os.Setenv(name, value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	f()
	for name := range env {
		_ = os.Unsetenv(name)
	}
	for name, value := range before {
		_ = os.Setenv(name, value)
	}
}

// ownEnviron is the environment without what makes the tests start their servers.
func ownEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(item string) bool { return strings.HasPrefix(item, "WX_TEST_SERVERS=") })
}

// TestMain runs more tests at once than there are processors: they wait for
// servers most of the time.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// found is what a visit has found.
type found []doctor.Check

// visit runs the doctor in env. It also checks what must hold of every visit: no
// secret shows, names are known, texts stand on one line, and what has failed or
// warns says what to do.
func visit(t *testing.T, env environment, extensions ...doctor.Extension) found {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return visitWithin(ctx, t, env, extensions...)
}

func visitWithin(ctx context.Context, t *testing.T, env environment, extensions ...doctor.Extension) found {
	t.Helper()
	var d *doctor.Doctor
	env.patient().read(t, func() { d = doctor.New(ownEnviron(), extensions) })
	var all found
	d.Run(ctx, func(c doctor.Check) { all = append(all, c) })
	for _, c := range all {
		checkForm(t, env, c)
	}
	return all
}

func checkForm(t *testing.T, env environment, c doctor.Check) {
	t.Helper()
	text := fmt.Sprintf("%+v", c)
	for _, secret := range env.secrets() {
		if strings.Contains(text, secret) {
			t.Errorf("a secret shows: %s", text)
		}
	}
	if !slices.ContainsFunc(doctor.Topics(), func(x doctor.Topic) bool { return x.Name == c.Name }) {
		t.Errorf("%s is not among the topics", c.Name)
	}
	if c.Message == "" || strings.ContainsAny(text, "\n\r\t\x1b") {
		t.Errorf("not one line of text: %q", text)
	}
	// What core and the stores say of a setting tells in one sentence what to do.
	whole := c.Name == "environment" || c.Name == "configuration" || c.Name == "scan-login" || c.Name == "signed-tokens"
	if (c.Status == doctor.Fail || c.Status == doctor.Warn) && c.Advice == "" && !whole {
		t.Errorf("it does not say what to do: %s", text)
	}
	if c.Status == doctor.OK && c.Advice != "" {
		t.Errorf("all is well, and there is advice: %s", text)
	}
}

// secrets are the parts of env that must not show.
func (env environment) secrets() []string {
	all := []string{secretPassword}
	for _, name := range []string{"WX_SECRET", "WX_KEYS", "WX_APPS", "WX_SIGNING_KEYS"} {
		for item := range strings.SplitSeq(env[name], ",") {
			if _, secret, found := strings.Cut(item, ":"); found {
				item = secret
			}
			if len(item) > 8 {
				all = append(all, item)
			}
		}
	}
	return all
}

// want checks that there is a check of that name and status whose message and
// advice hold all the texts.
func (all found) want(t *testing.T, name string, s doctor.Status, texts ...string) {
	t.Helper()
	for _, c := range all {
		if c.Name == name && c.Status == s && containsAll(c.Message+" — "+c.Advice, texts) {
			return
		}
	}
	t.Errorf("want %s %s with %q; there is:\n%s", s, name, texts, all)
}

// none checks that no check is of that status, but for those named.
func (all found) none(t *testing.T, s doctor.Status, but ...string) {
	t.Helper()
	for _, c := range all {
		if c.Status == s && !slices.Contains(but, c.Name) {
			t.Errorf("want no %s here: %s — %s (%s)", s, c.Message, c.Advice, c.Name)
		}
	}
}

func (all found) lacks(t *testing.T, name string) {
	t.Helper()
	if slices.ContainsFunc(all, func(c doctor.Check) bool { return c.Name == name }) {
		t.Errorf("want no %s; there is:\n%s", name, all)
	}
}

func (all found) lacksText(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(all.String(), text) {
			t.Errorf("want nothing of %q; there is:\n%s", text, all)
		}
	}
}

func (all found) String() string {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "  %-4s %-18s %s — %s\n", c.Status, c.Name, c.Message, c.Advice)
	}
	return b.String()
}

func containsAll(text string, all []string) bool {
	for _, part := range all {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
