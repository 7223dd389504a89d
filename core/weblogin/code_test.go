package weblogin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxtest"
)

func (b *browser) code(ctx context.Context) answer {
	return b.send(ctx, "GET", "/wx/scan/"+b.id+"/code")
}

func TestTheCodeIsAskedForOnce(t *testing.T) {
	w := newWorld(t, nil)
	sites, b := []*site{w.site, w.newSite(t), w.newSite(t)}, w.newBrowser()
	b.begin(t)
	answers := make([]answer, 12)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			answers[i] = b.look(t.Context(), sites[i%3], "/code")
		})
	}
	group.Wait()
	for _, a := range answers {
		a.want(t, "the code", 200, "")
		if !bytes.Equal(a.body, answers[0].body) || len(a.header["Set-Cookie"]) != 0 {
			t.Error("the images differ")
		}
		for name, want := range map[string]string{"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	}
	w.clock.advance(179 * time.Second)
	b.code(t.Context()).want(t, "just before the end", 200, "")
	if n := w.wechat.Calls(drawPath); n != 1 {
		t.Errorf("WeChat was asked %d times", n)
	}
	if l := must[wxtest.Launch](t)(wxtest.Scan(answers[0].body)); l.Scene != b.id {
		t.Errorf("the code opens %v", l)
	}
	first := b.id
	b.begin(t)
	if l := must[wxtest.Launch](t)(wxtest.Scan(b.image(t))); l.Scene == first {
		t.Error("the second login has the code of the first")
	}
}

func TestTheCodeOpensTheConfiguredPageOfTheConfiguredApp(t *testing.T) {
	w := newWorld(t, nil)
	other := w.wechat.AddApp("wxother", "another-secret")
	other.Publish("pages/login/web")
	wx := newManager(t, core.Config{
		AppID: "wx0123456789abcdef", IdentityProvider: anybody{}, Cookie: "wx", APIBase: w.wechat.URL,
		Apps: []core.App{{AppID: "wxother", Secret: core.NewSecret("another-secret")}},
	})
	s := mount(t, wx, weblogin.Config{ScanLogin: true, ScanPage: "pages/login/web", ScanApp: "wxother"})
	a := s.do(t.Context(), "POST", "/wx/scan", "")
	a = s.do(t.Context(), "GET", a.member("image"), "", "Cookie", "wx-scan="+a.cookie("wx-scan").Value)
	if l := must[wxtest.Launch](t)(wxtest.Scan(a.body)); l.Page != "pages/login/web" {
		t.Errorf("the code opens %v", l)
	}
}

// TestAFailureOfWeChatConcernsTheImageOnly: and is not kept.
func TestAFailureOfWeChatConcernsTheImageOnly(t *testing.T) {
	w := newWorld(t, nil)
	phone, b := w.phone(t, w.site, "o-alice"), w.newBrowser()
	b.begin(t)
	for _, c := range []struct {
		fault wxtest.Fault
		want  int
		code  string
	}{
		{wxtest.Fault{Status: 502}, 503, "wechat_unavailable"},
		{wxtest.Fault{ErrCode: 41030}, 500, "misconfigured"},
		{wxtest.Fault{ErrCode: 45009}, 429, "rate_limited"},
		{wxtest.Fault{Body: "<html>"}, 503, "wechat_unavailable"},
	} {
		w.wechat.Fail(drawPath, c.fault, wxtest.Always)
		a := b.code(t.Context())
		a.want(t, "the code", c.want, c.code)
		if strings.Contains(string(a.body), w.wechat.Secret) {
			t.Error("the reply holds the secret")
		}
		wantState(t, b.poll(t.Context(), ""), "pending", false)
		w.wechat.Heal()
	}
	b.code(t.Context()).want(t, "afterwards", 200, "")
	w.wechat.Fail("", wxtest.Fault{Status: 502}, wxtest.Always)
	b.code(t.Context()).want(t, "what was drawn before", 200, "")
	other := w.newBrowser()
	other.begin(t)
	w.actAll(t, phone.Token, other.id, "scan", "confirm")
	wantState(t, other.poll(t.Context(), ""), "confirmed", true)
}

// drawer is a WeChat in a bubble.
type drawer struct {
	calls  atomic.Int64
	answer func(r *http.Request) (*http.Response, error)
}

func (d *drawer) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "getwxacodeunlimit") {
		return respond("application/json", `{"access_token":"t","expires_in":7200}`), nil
	}
	d.calls.Add(1)
	return d.answer(r)
}

func respond(contentType, body string) *http.Response {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body))}
}

const jpeg = "\xff\xd8\xff\xe0 an image"

func (d *drawer) bubble(t *testing.T) *bubble {
	return newBubble(t, func(c *core.Config) { c.HTTPClient = &http.Client{Transport: d} })
}

func TestWhoComesWhileWeChatIsAskedWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &drawer{answer: func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(2 * time.Second):
				return respond("image/jpeg", jpeg), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}}
		w := d.bubble(t)
		other, b := w.other(t), w.newBrowser()
		b.begin(t)
		// The first browser leaves before the image is there. It is not asked for again.
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		go b.look(ctx, w.site, "/code")
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if a := b.look(impatient, other, "/code"); a.status != 503 || time.Since(began) != time.Second {
			t.Errorf("who leaves got %d after %v", a.status, time.Since(began))
		}
		a := b.look(t.Context(), other, "/code")
		if took := time.Since(began); a.status != 200 || string(a.body) != jpeg || took > 1600*time.Millisecond {
			t.Errorf("%d %s after %v", a.status, a.body, took)
		}
		if n := d.calls.Load(); n != 1 {
			t.Errorf("WeChat was asked %d times", n)
		}
	})
}

// TestALeaseEndsWithItsHolder: a process that dies while it asks costs seconds.
func TestALeaseEndsWithItsHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &drawer{answer: func(*http.Request) (*http.Response, error) { return respond("image/jpeg", jpeg), nil }}
		w := d.bubble(t)
		b := w.newBrowser()
		b.begin(t)
		store := w.store.Store.(*mapStore)
		w.store.fail(func(verb, key string, n int) error {
			if verb == "swap" && strings.Contains(key, "code:") && n > 4 {
				return errDown
			}
			return nil
		})
		b.code(t.Context()).want(t, "an image that could not be kept", 200, "")
		w.store.fail(nil)
		if len(store.items) == 0 {
			t.Fatal("there is no lease")
		}
		began := time.Now()
		b.code(t.Context()).want(t, "who has to wait for the lease", 200, "")
		if took := time.Since(began); took < 7*time.Second || took > 9*time.Second || d.calls.Load() != 2 {
			t.Errorf("it took %v, WeChat was asked %d times", took, d.calls.Load())
		}
	})
}

func TestWaitingForACodeEndsAtShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &drawer{answer: func(*http.Request) (*http.Response, error) {
			time.Sleep(4 * time.Second)
			return respond("image/jpeg", jpeg), nil
		}}
		w := d.bubble(t)
		b := w.newBrowser()
		b.begin(t)
		go b.code(t.Context())
		time.Sleep(time.Second)
		w.login.Close()
		began := time.Now()
		b.code(t.Context()).want(t, "who waits", 503, "wechat_unavailable")
		if time.Since(began) > 0 {
			t.Errorf("it took %v", time.Since(began))
		}
		time.Sleep(time.Minute)
	})
}

// TestAnImageThatIsTooLargeToKeepIsShown: Memcached would not take it.
func TestAnImageThatIsTooLargeToKeepIsShown(t *testing.T) {
	large := jpeg + strings.Repeat("x", 600<<10)
	d := &drawer{answer: func(*http.Request) (*http.Response, error) { return respond("image/jpeg", large), nil }}
	w := d.bubble(t)
	b := w.newBrowser()
	b.begin(t)
	for i := range 2 {
		if a := b.code(t.Context()); a.status != 200 || string(a.body) != large || d.calls.Load() != int64(i+1) {
			t.Errorf("%d, %d bytes, WeChat was asked %d times", a.status, len(a.body), d.calls.Load())
		}
	}
	for key, item := range w.store.Store.(*mapStore).items {
		if len(item.value) > 1<<10 {
			t.Errorf("%s has %d bytes", key, len(item.value))
		}
	}
}

func TestAStoreWithoutRoomStillShowsTheCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(drawer)
		w := d.bubble(t)
		b := w.newBrowser()
		b.begin(t)
		d.answer = func(*http.Request) (*http.Response, error) {
			w.store.fail(func(verb, _ string, _ int) error {
				if verb == "swap" {
					return errors.Join(errDown, core.ErrFull)
				}
				return nil
			})
			return respond("image/png", "\x89PNG\r\n\x1a\n…"), nil
		}
		began := time.Now()
		if a := b.code(t.Context()); a.status != 200 || a.header.Get("Content-Type") != "image/png" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if took := time.Since(began); took > 0 { // trying again makes no room
			t.Errorf("it took %v", took)
		}
	})
}

// TestWeChatsRefusalsToDrawAreLimited: they are not kept, and cost a call each.
func TestWeChatsRefusalsToDrawAreLimited(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitAddress = core.Rate{N: 5, Per: time.Minute} })
	w.wechat.Fail(drawPath, wxtest.Fault{ErrCode: 41030}, wxtest.Always)
	b := w.newBrowser()
	b.begin(t)
	for range 50 {
		b.code(t.Context())
	}
	b.code(t.Context()).want(t, "once more", 429, "rate_limited")
	if n := w.wechat.Calls(drawPath); n > 10 {
		t.Errorf("WeChat was asked %d times", n)
	}
}

// While WeChat is slow, each request for one login's image reads the store again and
// again; a page has one of them.
func TestFewWaitForOneImage(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.wechat.Fail(drawPath, wxtest.Fault{Hang: true}, wxtest.Always); err != nil {
		t.Fatal(err)
	}
	b := w.newBrowser()
	b.begin(t)
	w.store.fail(nil)
	ctx, leave := context.WithTimeout(t.Context(), time.Second)
	defer leave()
	cookie := "__Host-wx-scan=" + b.jar["__Host-wx-scan"]
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { w.do(ctx, "GET", "/wx/scan/"+b.id+"/code", "", "Cookie", cookie) })
	}
	all.Wait()
	if n := w.store.count(); n > 400 {
		t.Errorf("100 requests of one browser: %d calls of the store in a second", n)
	}
}

// TestAnOutageOfTheImageShutsNoLogins: a stranger asks for images that WeChat does
// not draw, as often as it takes.
func TestAnOutageOfTheImageShutsNoLogins(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.wechat.Fail(drawPath, wxtest.Fault{Status: 502}, wxtest.Always); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		b := w.newBrowser()
		b.begin(t)
		b.code(t.Context()).want(t, "an image", 503, "wechat_unavailable")
	}
	if n := w.wechat.Calls(drawPath); n != 10 {
		t.Errorf("asked %d times, want 10", n)
	}
	w.phone(t, w.site, "o-alice")
}
