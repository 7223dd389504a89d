package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestSessions(t *testing.T) {
	for name, start := range map[string]func() string{
		"redis":     func() string { return "redis://:" + password + "@" + goodRedis(t) + "?timeout=8s" },
		"memcached": func() string { return "memcached://" + testserver.StartMemcached(t).Addr + "?timeout=8s" },
	} {
		t.Run(name, func(t *testing.T) {
			service(t, map[string]string{"WX_STORE": start()})
			listAndEnd(t, manager(t))
		})
	}
}

func listAndEnd(t *testing.T, wx *core.Manager) {
	const other = "wxfedcba9876543210"
	run(t, "sessions", "list", "--openid", "o-alice").want(t, exitOK, "has no session")
	phone, s := login(t, wx, "", "o-alice", "phone")
	tablet, _ := login(t, wx, "", "o-alice", `the "tablet"`)
	foreign, _ := login(t, wx, other, "o-alice", "elsewhere")

	r := run(t, "sessions", "list", "--openid", "o-alice").want(t, exitOK, "ID  ", "DEVICE", s.ID+"  ", "phone", `"the \"tablet\""`)
	if strings.Contains(r.out, "elsewhere") || strings.Contains(r.out, "\x1b") || strings.Contains(r.out, phone) || strings.Count(r.out, "\n") != 3 {
		t.Errorf("the list shows what it should not:\n%s", r.out)
	}
	r = run(t, "sessions", "list", "--appid", other, "--openid", "o-alice", "--json").want(t, exitOK)
	var list struct {
		Sessions []struct {
			ID        string `json:"id"`
			CreatedAt int64  `json:"created_at"`
			LastSeen  int64  `json:"last_seen"`
			Device    string `json:"device"`
		} `json:"sessions"`
	}
	d := json.NewDecoder(strings.NewReader(r.out))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil || len(list.Sessions) != 1 || list.Sessions[0].Device != "elsewhere" || len(list.Sessions[0].ID) != 16 ||
		time.Since(time.Unix(list.Sessions[0].CreatedAt, 0)) > time.Minute || time.Since(time.Unix(list.Sessions[0].LastSeen, 0)) > time.Minute {
		t.Errorf("%v: %s", err, r.out)
	}
	if r := run(t, "sessions", "list", "--openid", "o-nobody", "--json").want(t, exitOK); r.out != `{"sessions":[]}`+"\n" {
		t.Errorf("nobody's sessions: %s", r.out)
	}
	run(t, "sessions", "list", "--openid", "o-alice", "--appid", "wx9999999999999999").want(t, exitFailed, "none of the configured ones")

	run(t, "sessions", "end", "--openid", "o-alice", "--id", "AAAAAAAAAAAAAAAA", "--yes").want(t, exitFailed, "no session with that id", "the 2 that there are")
	wantAlive(t, wx, phone, true)
	run(t, "sessions", "end", "--openid", "o-alice", "--id", s.ID, "--yes").want(t, exitOK, "1 session has ended")
	wantAlive(t, wx, phone, false)
	wantAlive(t, wx, tablet, true)
	third, _ := login(t, wx, "", "o-alice", "third")
	run(t, "sessions", "end", "--openid", "o-alice", "--all", "--yes").want(t, exitOK, "2 sessions have ended")
	wantAlive(t, wx, tablet, false)
	wantAlive(t, wx, third, false)
	wantAlive(t, wx, foreign, true)
	run(t, "sessions", "end", "--openid", "o-alice", "--all", "--yes").want(t, exitOK, "no session on the list")
	run(t, "sessions", "end", "--openid", "o-alice", "--id", s.ID, "--yes").want(t, exitFailed, "this user has no session\n")
}

// TestAnAdministratorNeedsNoAppSecret to list and to end; a service still does.
func TestAnAdministratorNeedsNoAppSecret(t *testing.T) {
	env := service(t, map[string]string{"WX_STORE": "redis://:" + password + "@" + goodRedis(t) + "?timeout=8s"})
	wx := manager(t)
	token, s := login(t, wx, "", "o-alice", "phone")
	env["WX_SECRET"], env["WX_APPS"] = "", ""
	setEnv(t, env)
	run(t, "sessions", "list", "--openid", "o-alice").want(t, exitOK, s.ID, "phone")
	run(t, "sessions", "end", "--openid", "o-alice", "--all", "--yes").want(t, exitOK, "1 session has ended")
	wantAlive(t, wx, token, false)
	if err := startService(t); err == nil || !strings.Contains(err.Error(), "WX_SECRET") {
		t.Errorf("a service starts without a secret: %v", err)
	}
	env["WX_APPID"], env["WX_APPS"] = "", "wxfedcba9876543210:5ec2e75ec2e75ec2e75ec2e75ec2e75e"
	setEnv(t, env)
	run(t, "sessions", "list", "--openid", "o-alice").want(t, exitOK, "has no session")
}

func wantAlive(t *testing.T, wx *core.Manager, token string, alive bool) {
	t.Helper()
	_, err := wx.Authenticate(t.Context(), token)
	if (err == nil) != alive {
		t.Errorf("Authenticate: %v, want alive = %v", err, alive)
	}
	if err != nil && core.CodeOf(err) != core.CodeSessionRevoked {
		t.Errorf("Authenticate: %v, want session_revoked", err)
	}
}

// TestItAsks before it ends anything, and takes nothing but yes for yes.
func TestItAsks(t *testing.T) {
	service(t, map[string]string{"WX_STORE": "redis://:" + password + "@" + goodRedis(t) + "?timeout=8s"})
	wx := manager(t)
	token, s := login(t, wx, "", "o-alice", "phone")
	for _, answer := range []string{"n\n", "\n", "", "yess\n", "no yes\n"} {
		p := &program{in: strings.NewReader(answer), asks: true}
		p.with(t.Context(), t, "sessions", "end", "--openid", "o-alice", "--all").want(t, exitFailed, s.ID, "End? [y/N]", "nothing was ended")
		wantAlive(t, wx, token, true)
	}
	p := &program{in: strings.NewReader("Yes\n"), asks: true}
	r := p.with(t.Context(), t, "sessions", "end", "--openid", "o-alice", "--id", s.ID).want(t, exitOK, "End? [y/N]", "1 session has ended")
	if strings.Contains(r.out, "End?") {
		t.Errorf("the question goes to the standard output: %s", r.out)
	}
	wantAlive(t, wx, token, false)
	p = &program{in: strings.NewReader("y\n"), asks: true}
	p.with(t.Context(), t, "sessions", "end", "--openid", "o-alice", "--all").want(t, exitOK, "one that was lost", "no session on the list")
	token, _ = login(t, wx, "", "o-alice", "phone")
	run(t, "sessions", "end", "--openid", "o-alice", "--all").want(t, exitUsage, "--yes") // nobody is there
	wantAlive(t, wx, token, true)
}

// TestTextsOfClientsDoNotSteerTheTerminal, whoever has written the record.
func TestTextsOfClientsDoNotSteerTheTerminal(t *testing.T) {
	var out strings.Builder
	if err := writeSessions(&out, []core.SessionInfo{{ID: "i", Device: "a\x1b[2J\nb"}, {ID: "j", Device: "微信 phone"}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"a\x1b[2J\nb"`) || strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), "  微信 phone\n") {
		t.Errorf("%q", out.String())
	}
}

// TestAnInterruptEndsTheQuestion: nobody has to type anything first.
func TestAnInterruptEndsTheQuestion(t *testing.T) {
	r, w := io.Pipe() // nobody types
	defer w.Close()
	p := &program{in: r, err: io.Discard, asks: true}
	done := make(chan bool, 1)
	ctx, cancel := cancelled(t)
	go func() { done <- p.confirm(ctx, nil) }()
	cancel()
	select {
	case yes := <-done:
		if yes {
			t.Error("an interrupt is taken for a yes")
		}
	case <-time.After(10 * time.Second):
		t.Error("the question outlives the interrupt")
	}
}

func TestSessionsThatCannotBeReached(t *testing.T) {
	list := []string{"sessions", "list", "--openid", "o-alice"}
	for name, tt := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"another process's memory": {map[string]string{"WX_STORE": "memory://"}, []string{"memory://", "WX_STORE"}},
		"none":                     {map[string]string{"WX_STORE": ""}, []string{"WX_STORE"}},
		"a server that is down":    {map[string]string{"WX_STORE": "redis://:" + password + "@127.0.0.1:1"}, []string{"store_unavailable", "127.0.0.1:1", "`wxsession doctor`"}},
		"a malformed DSN":          {map[string]string{"WX_STORE": "redis://:" + password + "@@h"}, []string{"percent-encoded"}},
		"two mistakes":             {map[string]string{"WX_STORE": "redis://h", "WX_IDLE_TIMEOUT": "x", "WX_LIFETIME": "y"}, []string{"wxsession: cannot read WX_IDLE_TIMEOUT", "wxsession: cannot read WX_LIFETIME"}},
		"no app":                   {map[string]string{"WX_STORE": "redis://h", "WX_APPID": "", "WX_SECRET": "", "WX_APPS": ""}, []string{"no app"}},
	} {
		t.Run(name, func(t *testing.T) {
			service(t, tt.env)
			if r := run(t, list...).want(t, exitFailed, tt.want...); r.out != "" {
				t.Errorf("on the standard output: %s", r.out)
			} else if strings.Contains(r.err, "wxsession: wxsession:") {
				t.Errorf("it says twice who it is: %s", r.err)
			} else if strings.Contains(r.err, "does not answer") {
				t.Errorf("it says twice what fails: %s", r.err)
			}
		})
	}
}

// TestAUserThatCannotBeRead is no user without sessions: it is said.
func TestAUserThatCannotBeRead(t *testing.T) {
	env := service(t, map[string]string{"WX_STORE": "redis://:" + password + "@" + goodRedis(t) + "?timeout=8s"})
	login(t, manager(t), "", "o-alice", "phone")
	env["WX_KEYS"] = strings.Repeat("o", 42) + "E="
	setEnv(t, env)
	run(t, "sessions", "list", "--openid", "o-alice").want(t, exitOK, "counts as absent", "not among Keys")
	env["WX_KEYS"] = ""
	setEnv(t, env)
	run(t, "sessions", "list", "--openid", "o-alice").want(t, exitFailed, "there are no Keys")
}
