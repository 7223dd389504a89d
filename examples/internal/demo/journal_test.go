package demo

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

func TestTheJournalKeepsTheLatest(t *testing.T) {
	j := newJournal()
	j.add(event{Title: "nobody watches"})
	if n := j.since(0); n.last != 0 {
		t.Fatalf("without a reader the journal has %d events", n.last)
	}
	j.enter()
	for i := range 3*maxEvents + 7 {
		j.add(event{Title: fmt.Sprint(i + 1)})
	}
	total := int64(3*maxEvents + 7)
	n := j.since(0)
	if len(n.events) != maxEvents || n.last != total || len(j.events) != maxEvents {
		t.Fatalf("of %d events there are %d", n.last, len(n.events))
	}
	for i, e := range n.events {
		if want := total - maxEvents + 1 + int64(i); e.ID != want || e.Title != fmt.Sprint(want) {
			t.Fatalf("event %d is %d %q, want %d", i, e.ID, e.Title, want)
		}
	}
	if n := j.since(total - 2); len(n.events) != 2 {
		t.Errorf("after the last but two there are %d", len(n.events))
	}
	for _, id := range []int64{-1, total, total + 5} { // who begins, is up to date, comes from elsewhere
		if n := j.since(id); len(n.events) != 0 || n.last != total {
			t.Errorf("after %d there are %d", id, len(n.events))
		}
	}
}

func TestAnEventIsBounded(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	j := newJournal()
	j.enter()
	j.add(event{Body: long, Head: []field{{"a", long}}})
	e := j.since(0).events[0]
	if len(e.Body) != maxText || e.Cut != len(long)-maxText || len(e.Head[0].Value) > maxText {
		t.Errorf("the event keeps %d and %d bytes, and lacks %d", len(e.Body), len(e.Head[0].Value), e.Cut)
	}
}

func TestReadersAreBounded(t *testing.T) {
	w := newWorld(t)
	for range maxReaders {
		w.watch("")
	}
	if r := w.send("GET", "/devtools/events", ""); r.status != 503 {
		t.Errorf("one reader more is answered %d", r.status)
	}
	if got := w.sim.tap.journal.readers.Load(); got != maxReaders {
		t.Errorf("there are %d readers, want %d", got, maxReaders)
	}
}

func TestSecretsAreBoundedAndTheAppSecretStays(t *testing.T) {
	var s secrets
	s.learn(appSecret, "the-app-secret")
	for i := range 3 * maxSecrets {
		s.learn(userToken, fmt.Sprintf("token-%06d", i))
		s.learn(userToken, fmt.Sprintf("token-%06d", i)) // again: it is known
	}
	s.learn(userToken, "short")
	s.learn(userToken, strings.Repeat("x", maxText+1))
	if len(s.known) != maxSecrets {
		t.Errorf("%d are remembered", len(s.known))
	}
	latest := fmt.Sprintf("token-%06d", 3*maxSecrets-1)
	e := event{Title: "the-app-secret", Body: "a token-000000 b short", Head: []field{{"x", latest}}}
	s.mark(&e)
	if len(e.Marks) != 2 || e.Marks[0].Kind != appSecret || e.Marks[1].Text != latest {
		t.Errorf("the marks are %v", e.Marks)
	}
	s.learn(sessionKey, "ab/cdefgh==")
	e = event{Body: `{"session_key":"ab\/cdefgh=="}`}
	if s.mark(&e); len(e.Marks) != 1 {
		t.Errorf("a session_key whose slash is escaped has the marks %v", e.Marks)
	}
}

func TestAStreamGoesOnWhereItWasLost(t *testing.T) {
	w := newWorld(t)
	keep := w.watch("")
	first := w.watch("")
	w.send("GET", "/one", "")
	first.exchange()
	<-first.ids
	last := <-first.ids
	first.leave()
	w.send("GET", "/two", "")
	if e := w.watch("?after=" + last).next(); e.Title != "GET /two" {
		t.Errorf("the stream goes on with %q", e.Title)
	}
	for _, after := range []string{"", "?after=", "?after=" + last + "x", "?after=other-1", "?after=" + strings.Split(last, "-")[0] + "-999999"} {
		s := w.watch(after)
		w.send("GET", "/three", "")
		if e := s.next(); e.Title != "GET /three" {
			t.Errorf("with %s the stream begins with %q, want what comes", after, e.Title)
		}
		s.leave()
	}
	for range 12 {
		keep.next()
	}
}

func TestAStreamEndsWithItsServerAndNotBefore(t *testing.T) {
	w := newWorld(t)
	s := w.watch("")
	began := time.Now()
	w.sim.tap.journal.close()
	w.sim.tap.journal.close() // twice is no matter
	w.sim.tap.journal.changed()
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the stream goes on after the end")
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the stream took %v to end", took)
	}
}

func TestAStreamOutlivesTheTimeoutOfRequests(t *testing.T) {
	w := newWorld(t)
	srv := &http.Server{Handler: http.HandlerFunc(w.sim.serveEvents), ReadTimeout: 100 * time.Millisecond}
	l := listen(t)
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	s := (&world{t, w.sim, "http://" + l.Addr().String()}).watch("")
	time.Sleep(300 * time.Millisecond) // there is no clock to inject: the time-out is net/http's
	w.send("GET", "/later", "")
	if e := s.next(); e.Title != "GET /later" {
		t.Errorf("after the time-out comes %q", e.Title)
	}
}

// For the race detector: everything at once.
func TestEverythingAtOnce(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 15 {
				token := w.login(fmt.Sprint("user", i))
				w.send("GET", "/api/me", "", "Authorization", "Bearer "+token)
				w.send("POST", "/wx/logout?all=1", "", "Authorization", "Bearer "+token)
			}
		})
	}
	for range 3 {
		all.Go(func() {
			for range 8 {
				s := w.watch("")
				s.next()
				s.leave()
			}
		})
	}
	all.Go(func() {
		for range 20 {
			w.send("POST", "/devtools/clock", `{"advance":"1s"}`)
			w.send("POST", "/devtools/wechat", `{"mood":"well"}`)
			w.send("POST", "/devtools/store", `{"down":false}`)
		}
	})
	// Somebody is always about to ask, or the readers would wait in vain.
	done := make(chan struct{})
	asking := make(chan struct{})
	go func() {
		defer close(asking)
		for {
			select {
			case <-done:
				return
			default:
				w.send("GET", "/wx/check", "")
			}
		}
	}()
	all.Wait()
	close(done)
	<-asking
	if n := w.sim.tap.journal.since(0); len(n.events) > maxEvents {
		t.Errorf("the journal has %d events", len(n.events))
	}
}

func TestRoutesAreFoundUnderAnyPrefix(t *testing.T) {
	for prefix, base := range map[string]string{"/": "", "/auth/wx": "/auth/wx"} {
		w := newWorld(t, func(cfg *core.Config, _ *http.ServeMux) { cfg.Prefix = prefix })
		if st := w.sim.state(); !st.Routes["phone"] || st.Routes["scan"] || st.Prefix != base {
			t.Errorf("under %s the state is %+v", prefix, st)
		}
	}
}
