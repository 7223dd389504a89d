package core_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

func flipBit(t *testing.T, text string, i int) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	b[i] ^= 0x20
	return base64.StdEncoding.EncodeToString(b)
}

func TestManyLoginsOfOneUserLeaveFewValues(t *testing.T) {
	w := newWorld(t, nil)
	for range 200 {
		w.login(t, "o-alice")
		w.clock.Advance(time.Second)
	}
	if n := len(w.store.live()); n > 10+20+1 {
		t.Errorf("%d values are left: more than ten sessions, twenty tombstones and a user", n)
	}
	if n := w.listed(t, "o-alice"); n != 10 {
		t.Errorf("%d sessions", n)
	}
}

func TestParallelUpdatesTakeTurns(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	w.store.counts()
	var group sync.WaitGroup
	for i := range 300 {
		group.Go(func() {
			if err := w.Update(context.Background(), s, func(d *core.Draft) error {
				d.SetAttrInt("n", d.AttrInt("n")+1)
				d.SetAttr(fmt.Sprint("k", i%3), "x")
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if gets, swaps, _ := w.store.counts(); gets != 300 || swaps != 300 {
		t.Errorf("300 updates cost %d reads and %d writes", gets, swaps)
	}
	if s, err := w.Check(t.Context(), token); err != nil || s.AttrInt("n") != 300 {
		t.Errorf("the counter is at %d, %v", s.AttrInt("n"), err)
	}
}

func TestParallelLoginsOfOneUserTakeTurns(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.MaxSessions = 100 })
	codes := make([]string, 50)
	for i := range codes {
		codes[i] = w.wx.Code("o-alice")
	}
	w.store.counts()
	var group sync.WaitGroup
	for _, code := range codes {
		group.Go(func() {
			if _, _, err := w.Login(context.Background(), core.LoginRequest{Code: code}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if gets, swaps, _ := w.store.counts(); gets > 100 || swaps > 150 {
		t.Errorf("50 logins cost %d reads and %d writes", gets, swaps)
	}
}

func TestAWaitingUpdateEndsWithItsContext(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	entered, leave := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- w.Update(context.Background(), s, func(*core.Draft) error { close(entered); <-leave; return nil })
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := w.Update(ctx, s, func(*core.Draft) error { return nil })
	wantCode(t, err, core.CodeStoreUnavailable)
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// slow answers every call after a while, or at the caller's deadline.
type slow struct {
	core.Store
	delay time.Duration
}

func (s *slow) wait(ctx context.Context) error {
	timer := time.NewTimer(s.delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (s *slow) Timeout() time.Duration { return 60 * time.Millisecond }

func (s *slow) Get(ctx context.Context, key string) ([]byte, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, key)
}

func (s *slow) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

func (s *slow) Delete(ctx context.Context, key string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

// TestSlowAnswersDoNotAddUpWithoutEnd: every call stays below the store's time
// limit, and the operation still has one of its own.
func TestSlowAnswersDoNotAddUpWithoutEnd(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.MaxSessions = 20 })
	token := ""
	for range 20 {
		token, _ = w.login(t, "o-alice")
	}
	sluggish := &slow{Store: w.store.Store, delay: 50 * time.Millisecond}
	w.store.Store = sluggish
	m, err := core.New(core.Config{
		AppID: w.wx.AppID, Secret: core.NewSecret(w.wx.Secret), APIBase: w.wx.URL, Now: w.clock.Now, MaxSessions: 20,
	}, sluggish)
	if err != nil {
		t.Fatal(err)
	}
	for _, operation := range []struct {
		name string
		run  func() error
	}{
		{"Login at the cap", func() error {
			_, _, err := m.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
			return err
		}},
		{"Sessions", func() error { _, err := m.Sessions(t.Context(), "", "o-alice"); return err }},
		{"LogoutUser", func() error { return m.LogoutUser(t.Context(), "", "o-alice") }},
	} {
		began := time.Now()
		err := operation.run()
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Errorf("%s took %v", operation.name, took)
		}
		wantCode(t, err, core.CodeStoreUnavailable)
	}
	sluggish.delay = 0
	for range 100 { // what was begun is finished
		if err = m.LogoutUser(t.Context(), "", "o-alice"); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Authenticate(t.Context(), token)
	if code := core.CodeOf(err); code != core.CodeSessionRevoked && code != core.CodeInvalidSession {
		t.Errorf("after the log-out: %v", err)
	}
}

func TestDraft(t *testing.T) {
	var got *core.Draft
	w := newWorld(t, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, d *core.Draft) error {
			got = d
			d.SetAttrInt("uid", 1<<60+7)
			d.SetAttr("name", "x")
			d.SetAttr("gone", "x")
			d.DeleteAttr("gone")
			return nil
		}
	})
	h := mapHeader{"X-Tenant": "7"}
	token, _, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice"), Device: "手机", Header: h})
	if err != nil {
		t.Fatal(err)
	}
	if got.OpenID != "o-alice" || got.AppID != w.wx.AppID || got.ID == "" || got.Device() != "手机" || got.Header().Get("X-Tenant") != "7" || got.Profile() != nil || got.CreatedAt().IsZero() {
		t.Errorf("OnLogin got %v of device %q", got, got.Device())
	}
	s, err := w.Authenticate(t.Context(), token)
	if err != nil || s.AttrInt("uid") != 1<<60+7 || s.AttrInt("name") != 0 || s.AttrInt("none") != 0 || s.Attr("gone") != "" {
		t.Errorf("uid is %d, %v", s.AttrInt("uid"), err)
	}
	if _, found := s.LookupAttr("gone"); found {
		t.Error("a deleted attribute is there")
	}
	err = w.Update(t.Context(), s, func(d *core.Draft) error {
		d.SetAttr("empty", "")
		if v, found := d.LookupAttr("empty"); v != "" || !found || d.AttrInt("uid") != 1<<60+7 || d.Profile() != nil || d.Header() != nil {
			t.Errorf("the draft of an update shows %q, %v", v, found)
		}
		n := 0
		for range d.Attrs() {
			n++
		}
		if n != 3 || d.Attr("name") != "x" {
			t.Errorf("the draft has %d attributes", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, found := s.LookupAttr("empty"); found {
		t.Error("the update changed the session that it was given")
	}
}

func TestIssueIsALoginWithoutWeChat(t *testing.T) {
	var hooked []string
	w := newWorld(t, func(c *core.Config) {
		c.MaxSessions = 2
		c.OnLogin = func(_ context.Context, d *core.Draft) error {
			hooked = append(hooked, d.OpenID)
			if d.OpenID == "o-banned" {
				return core.Deny("no")
			}
			return nil
		}
	})
	first, s, err := w.Issue(t.Context(), "", core.Identity{OpenID: "o-alice", UnionID: "u"}, "import")
	if err != nil || s.AppID != w.wx.AppID || s.UnionID != "u" {
		t.Fatal(s, err)
	}
	for range 2 {
		w.clock.Advance(time.Second)
		if _, _, err := w.Issue(t.Context(), w.wx.AppID, core.Identity{OpenID: "o-alice"}, "import"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.Authenticate(t.Context(), first)
	wantCode(t, err, core.CodeSessionRevoked) // by the cap
	list, err := w.Sessions(t.Context(), "", "o-alice")
	if err != nil || len(list) != 2 || list[0].Device != "import" || len(hooked) != 3 {
		t.Errorf("the list is %v, %v; OnLogin saw %v", list, err, hooked)
	}
	for name, c := range map[string]struct {
		app, openID, device string
		want                core.Code
	}{
		"no openid": {"", "", "", core.CodeBadRequest}, "an openid with newlines": {"", "a\nb", "", core.CodeBadRequest},
		"a long openid": {"", strings.Repeat("o", 129), "", core.CodeBadRequest}, "a bad device": {"", "o-x", "a\nb", core.CodeBadRequest},
		"another app": {"wxother", "o-x", "", core.CodeBadRequest}, "denied": {"", "o-banned", "", core.CodeLoginDenied},
	} {
		_, _, err := w.Issue(t.Context(), c.app, core.Identity{OpenID: c.openID}, c.device)
		if core.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.wx.Calls(""); n != 0 {
		t.Errorf("WeChat was asked %d times", n)
	}
}

func TestLogoutOthersAndLogoutSession(t *testing.T) {
	w := newWorld(t, nil)
	mine, s := w.login(t, "o-alice")
	other, _ := w.login(t, "o-alice")
	if err := w.LogoutOthers(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	_, err := w.Authenticate(t.Context(), other)
	wantCode(t, err, core.CodeSessionRevoked)
	if _, err := w.Authenticate(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	fresh, _, err := w.Rotate(t.Context(), mine)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.LogoutSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{mine, fresh} { // its user knows: nobody else did it
		_, err := w.Authenticate(t.Context(), token)
		wantCode(t, err, core.CodeInvalidSession)
	}
	if err := w.LogoutSession(t.Context(), s); err != nil {
		t.Errorf("a second time: %v", err)
	}
}
