package main

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores"
)

// asProgram is set in the environment of a test binary that is to be the program.
const asProgram = "WXSESSION_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s is not what is printed (go test -update writes it):\n%s", file, text)
	}
}

const password = "Hunter2-marker"

// setEnv makes these the only variables of ours.
func setEnv(t *testing.T, env map[string]string) {
	t.Helper()
	for _, item := range os.Environ() {
		if name, _, _ := strings.Cut(item, "="); strings.HasPrefix(name, "WX_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			t.Setenv(name, "")
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
}

// service is the environment of one with a WeChat that works.
func service(t *testing.T, more map[string]string) map[string]string {
	t.Helper()
	wx := wxtest.NewServer(wxtest.Options{Errorf: t.Errorf})
	t.Cleanup(wx.Close)
	env := map[string]string{
		"WX_APPID": wx.AppID, "WX_SECRET": wx.Secret, "WX_API_BASE": wx.URL,
		"WX_KEYS": strings.Repeat("k", 42) + "E=", "WX_APPS": "wxfedcba9876543210:5ec2e75ec2e75ec2e75ec2e75ec2e75e",
	}
	for name, value := range more {
		env[name] = value
	}
	setEnv(t, env)
	return env
}

// ran is what came of a run.
type ran struct {
	status   int
	out, err string
}

// run runs the program, whose user is nobody.
func run(t *testing.T, args ...string) ran {
	t.Helper()
	return (&program{in: strings.NewReader("")}).with(t.Context(), t, args...)
}

func (p *program) with(ctx context.Context, t *testing.T, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	p.out, p.err, p.getenv = &out, &errs, os.Getenv
	r := ran{p.run(ctx, args), out.String(), errs.String()}
	for _, name := range []string{"WX_SECRET", "WX_KEYS"} {
		if secret := os.Getenv(name); secret != "" && args[0] != "keygen" && strings.Contains(r.out+r.err, secret) {
			t.Errorf("%s shows: %s%s", name, r.out, r.err)
		}
	}
	if strings.Contains(r.out+r.err, password) {
		t.Errorf("a password shows: %s%s", r.out, r.err)
	}
	return r
}

func (r ran) want(t *testing.T, status int, texts ...string) ran {
	t.Helper()
	all := r.out + r.err
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("want %q in:\n%s", text, all)
		}
	}
	if r.status != status {
		t.Errorf("exit status %d, want %d:\n%s", r.status, status, all)
	}
	return r
}

// manager is the service's own, as the environment says.
func manager(t *testing.T) *core.Manager {
	t.Helper()
	cfg, err := core.ConfigFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	store, err := stores.Open(t.Context(), cfg.Store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	wx, err := core.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	return wx
}

func login(t *testing.T, wx *core.Manager, appID, openID, device string) (token string, s *core.Session) {
	t.Helper()
	token, s, err := wx.Issue(t.Context(), appID, core.Identity{OpenID: openID}, device)
	if err != nil {
		t.Fatal(err)
	}
	return token, s
}
