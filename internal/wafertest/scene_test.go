package wafertest

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// scene is what one scenario works with.
type scene struct {
	*testing.T
	client
	*world
	*phone
}

// storageKey is where all clients keep the session.
const storageKey = "weapp_session_F2C224D4-2BCE-4C64-AF9F-A6D872000D1A"

// session is what a client has stored of the login's reply. Wafer 1 keeps one
// object of it, Wafer 2 the other.
type session struct {
	ID       string
	Skey     string
	Time     int64
	UserInfo map[string]any
}

// stored returns the session that the client holds; nil if none.
func (s *scene) stored(o outcome) *session {
	s.Helper()
	raw, held := o.Storage[storageKey]
	if !held {
		return nil
	}
	kept := new(session)
	var err error
	if s.bareToken {
		err = json.Unmarshal(raw, &kept.Skey)
	} else {
		err = json.Unmarshal(raw, kept)
	}
	if err != nil {
		s.Fatalf("the client has stored %s: %v", raw, err)
	}
	return kept
}

// want fails unless the call ended with this callback alone.
func (s *scene) want(o outcome, callback string) outcome {
	s.Helper()
	if o.Callbacks[0] != callback {
		s.Fatalf("the callback is %s (%s%v%v), want %s", o.Callbacks[0], o.Success, o.Fail, o.Thrown, callback)
	}
	return o
}

// wantFailure compares the type, and how the message begins.
func (s *scene) wantFailure(o outcome, want failure) {
	s.Helper()
	s.want(o, "fail")
	if o.Fail.Type != want.Type || !strings.HasPrefix(o.Fail.Message, want.Message) {
		s.Errorf("the failure is %+v, want %+v", o.Fail, want)
	}
}

// wantSession fails unless the client holds a session that is good, and alice's.
func (s *scene) wantSession(o outcome) *session {
	s.Helper()
	kept := s.stored(o)
	if kept == nil {
		s.Fatal("the client holds no session")
	}
	known, err := s.wx.Check(s.Context(), kept.Skey)
	if err != nil {
		s.Fatalf("the client's session is no good: %v", err)
	}
	if known.OpenID != s.alice || s.wafer1 && kept.ID != known.ID {
		s.Errorf("the client holds session %s of %s, want %s of %s", kept.ID, known.OpenID, known.ID, s.alice)
	}
	return kept
}

// wantNoSession fails if the client holds one.
func (s *scene) wantNoSession(o outcome) {
	s.Helper()
	if kept := s.stored(o); kept != nil {
		s.Errorf("the client holds a session, want none")
	}
}

// wantChanges compares what the call has done to the storage, in its order.
func (s *scene) wantChanges(o outcome, want ...string) {
	s.Helper()
	if join(o.Changes) != join(want) {
		s.Errorf("the client's changes of its storage are %v, want %v", o.Changes, want)
	}
}

// wantStatus fails unless the reply reached the mini program with this status,
// and returns its body.
func (s *scene) wantStatus(o outcome, status int) map[string]any {
	s.Helper()
	s.want(o, "success")
	var reply struct {
		StatusCode int
		Data       map[string]any
	}
	if err := json.Unmarshal(o.Success, &reply); err != nil {
		s.Fatal(err)
	}
	if reply.StatusCode != status {
		s.Fatalf("the mini program gets status %d with %v, want %d", reply.StatusCode, reply.Data, status)
	}
	return reply.Data
}

// wantOrders fails unless the business reply reached the mini program as it was.
func (s *scene) wantOrders(o outcome) {
	s.Helper()
	text, err := json.Marshal(orders(&core.Session{OpenID: s.alice}))
	if err != nil {
		s.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(text, &want); err != nil {
		s.Fatal(err)
	}
	if got := s.wantStatus(o, 200); !reflect.DeepEqual(got, want) {
		s.Errorf("the mini program gets %v, want %v", got, want)
	}
}

// wantSent fails unless the application has received so many logins and
// requests since the last look. It returns them.
func (s *scene) wantSent(logins, requests int) (l, r []request) {
	s.Helper()
	l, r = s.take()
	if len(l) != logins || len(r) != requests {
		s.Fatalf("the client has sent the logins %v and the requests %v, want %d and %d", lines(l), lines(r), logins, requests)
	}
	return l, r
}

func lines(requests []request) (l []string) {
	for _, r := range requests {
		l = append(l, r.line)
	}
	return l
}

func join(words []string) string { return strings.Join(words, " ") }
