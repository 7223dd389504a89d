package weblogin

import (
	"cmp"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// FuzzAttempt: what is read is one that can be, is written as it is read, and
// moves only to what can be read again.
func FuzzAttempt(f *testing.F) {
	needCorpus(f, "FuzzAttempt", 8)
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := decodeAttempt(text)
		if err != nil {
			if !errors.Is(err, core.ErrNotFound) && !errors.Is(err, errVersion) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		if again, err := decodeAttempt(a.encode()); err != nil || !reflect.DeepEqual(again, a) {
			t.Errorf("%+v becomes %+v, %v", a, again, err)
		}
		if a.State != pending && a.By.OpenID == "" || len(a.Secret) != hashBytes {
			t.Errorf("it is taken: %+v", a)
		}
		for _, do := range []action{doScan, doConfirm, doDeny} {
			for _, who := range []string{cmp.Or(a.By.OpenID, "o-alice"), "somebody else"} {
				next, err := a.after(do, a.By.AppID, who)
				if err != nil {
					continue
				}
				if _, err := decodeAttempt(next.encode()); err != nil {
					t.Errorf("%s makes %+v of it: %v", do, next, err)
				}
				if next.State != a.State && a.State != pending && a.State != scanned {
					t.Errorf("%s moves %s to %s", do, a.State, next.State)
				}
				if a.State != pending && who != a.By.OpenID {
					t.Errorf("somebody else may %s in state %s", do, a.State)
				}
			}
		}
		for _, s := range []state{claimed, used, denied, confirmed} {
			if _, err := decodeAttempt(a.with(s).encode()); a.By.OpenID != "" && err != nil {
				t.Errorf("with %s it is not read: %v", s, err)
			}
		}
	})
}

// An openid is one user's only within an app.
func TestAnOpenIDOfAnotherAppIsAnotherUser(t *testing.T) {
	a := attempt{Version: attemptVersion, State: scanned, Secret: make([]byte, hashBytes), By: core.Approval{AppID: "wx1", OpenID: "o-alice"}}
	for _, do := range []action{doScan, doConfirm, doDeny} {
		if _, err := a.after(do, "wx1", "o-alice"); err != nil {
			t.Errorf("%s by the user who has scanned: %v", do, err)
		}
		if _, err := a.after(do, "wx2", "o-alice"); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("%s by a user of another app: %v", do, err)
		}
	}
}

func TestTheCorpusHoldsWhatIsReadAndWhatIsNot(t *testing.T) {
	owner := core.Approval{AppID: "wx1", OpenID: "o-alice", Epoch: 3}
	good := attempt{Version: 1, State: pending, Secret: make([]byte, hashBytes), Created: 1}
	for _, s := range []state{scanned, confirmed, denied, claimed, used} {
		a := good
		a.By = owner
		if _, err := decodeAttempt(a.with(s).encode()); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for name, spoil := range map[string]func(*attempt){
		"no version":               func(a *attempt) { a.Version = 0 },
		"no secret":                func(a *attempt) { a.Secret = nil },
		"a short secret":           func(a *attempt) { a.Secret = a.Secret[1:] },
		"no time":                  func(a *attempt) { a.Created = 0 },
		"no state":                 func(a *attempt) { a.State = "" },
		"an unknown state":         func(a *attempt) { a.State = "lost" },
		"confirmed by nobody":      func(a *attempt) { a.State = confirmed },
		"pending with a user":      func(a *attempt) { a.By = owner },
		"a claim without its mark": func(a *attempt) { a.State, a.By = claimed, owner },
		"a mark without a claim":   func(a *attempt) { a.Claim = "x" },
	} {
		a := good
		spoil(&a)
		if _, err := decodeAttempt(a.encode()); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if a, b := good.with(claimed), good.with(claimed); a.Claim == b.Claim {
		t.Error("two claims are the same")
	}
}

// FuzzID: what could be an id has one spelling, and fits into a scene and a key.
func FuzzID(f *testing.F) {
	needCorpus(f, "FuzzID", 6)
	f.Fuzz(func(t *testing.T, s string) {
		if !textOf(s, idBytes) {
			return
		}
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(b) != idBytes || base64.RawURLEncoding.EncodeToString(b) != s || len(s) != 22 {
			t.Errorf("%q is %x, %v", s, b, err)
		}
		for _, key := range []string{attemptKey(s), pictureKey(s)} {
			if len(key) > 60 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:") != "" {
				t.Errorf("the key is %q", key)
			}
		}
	})
}

func TestWhatIsMadeIsOfItsShape(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		id, secret := randomText(idBytes), randomText(secretBytes)
		if !textOf(id, idBytes) || !textOf(secret, secretBytes) || textOf(id, secretBytes) || seen[id] || seen[secret] {
			t.Fatalf("made %q and %q", id, secret)
		}
		seen[id], seen[secret] = true, true
	}
	for _, s := range []string{"", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAA+A", "AAAAAAAAAAAAAAAAAAAAA\n", "AAAAAAAAAA\nAAAAAAAAAAA"} {
		if textOf(s, idBytes) {
			t.Errorf("%q could be an id", s)
		}
	}
}
