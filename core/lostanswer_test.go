package core_test

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// silentStore does not answer the next write of a kind, which has not taken place.
// Others come first.
type silentStore struct {
	core.WrappedStore
	kind      string
	meanwhile func()
}

func (s *silentStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if run := s.meanwhile; run != nil && strings.HasPrefix(key, s.kind) {
		s.meanwhile = nil
		run()
		return errors.New("no answer in time")
	}
	return s.WrappedStore.Swap(ctx, key, old, new, ttl)
}

func TestTwoUpdatesThatStoreTheSameAreNotTakenForOne(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	acknowledged := int64(0)
	count := func(m *core.Manager) {
		err := m.Update(t.Context(), s, func(d *core.Draft) error {
			d.SetAttr("spent", strconv.FormatInt(d.AttrInt("spent")+1, 10))
			return nil
		})
		if err == nil {
			acknowledged++
		} else {
			wantCode(t, err, core.CodeStoreUnavailable)
		}
	}
	other := func() { count(w.Manager) }
	count(w.over(t, &silentStore{core.WrappedStore{Store: w.store}, "s:", other}))
	now, err := w.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if n := now.AttrInt("spent"); n != acknowledged {
		t.Errorf("%d updates were acknowledged, %d took place", acknowledged, n)
	}
}

// lossyStore loses the answer to the next write of a kind, which has taken place.
type lossyStore struct {
	core.WrappedStore
	kind string
	lost int
}

func (s *lossyStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	err := s.WrappedStore.Swap(ctx, key, old, new, ttl)
	if err == nil && s.lost == 0 && strings.HasPrefix(key, s.kind) {
		s.lost++
		err = errors.New("no answer in time")
	}
	return err
}

func TestAnUpdateWhoseAnswerIsLostIsLookedAtAgain(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	lossy := &lossyStore{WrappedStore: core.WrappedStore{Store: w.store}, kind: "s:"}
	err := w.over(t, lossy).Update(t.Context(), s, func(d *core.Draft) error {
		d.SetAttr("", "also without a name")
		d.SetAttr("cart", "3")
		return nil
	})
	if err != nil || lossy.lost != 1 {
		t.Fatalf("%v, %d answers were lost", err, lossy.lost)
	}
	now, err := w.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	attrs := map[string]string{}
	for name, value := range now.Attrs() {
		attrs[name] = value
	}
	if want := map[string]string{"": "also without a name", "cart": "3"}; !maps.Equal(attrs, want) {
		t.Errorf("the attributes are %q", attrs)
	}
}

// Whether it was the first use the store did not say; what an earlier one has left
// must not be taken for this one's.
func TestDataThatIsGoodOnceIsNotAcceptedAgainWhereTheStoreIsSilent(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	data, iv := w.wx.Encrypt("o-alice", map[string]any{"number": 123456})
	once := core.EncryptedData{Data: data, IV: iv, MaxAge: time.Minute, Once: true}
	if _, err := w.DecryptData(t.Context(), s, once); err != nil {
		t.Fatal(err)
	}
	silent := w.over(t, &silentStore{core.WrappedStore{Store: w.store}, "d:", func() {}})
	_, err := silent.DecryptData(t.Context(), s, once)
	wantCode(t, err, core.CodeStoreUnavailable)
	_, err = silent.DecryptData(t.Context(), s, once)
	wantCode(t, err, core.CodeInvalidSignature)
}

func TestTwoSwapsOfAValueToTheSameAreNotTakenForOne(t *testing.T) {
	w := newWorld(t, nil)
	swap := func(m *core.Manager) error {
		return m.Values().Swap(t.Context(), "spent", []byte("0"), []byte("1"), time.Minute)
	}
	if err := w.Values().Swap(t.Context(), "spent", nil, []byte("0"), time.Minute); err != nil {
		t.Fatal(err)
	}
	other := func() {
		if err := swap(w.Manager); err != nil {
			t.Error(err)
		}
	}
	err := swap(w.over(t, &silentStore{core.WrappedStore{Store: w.store}, "", other}))
	if err == nil {
		t.Error("of two swaps from one value both have won")
	}
}

// Otherwise the lease would stand for seconds, with nobody who knows that it is theirs.
func TestALeaseWhoseAnswerIsLostIsLookedAtAgain(t *testing.T) {
	w := newWorld(t, nil)
	lossy := &lossyStore{WrappedStore: core.WrappedStore{Store: w.store}, kind: "t:"}
	_, err := w.over(t, lossy).PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666"))
	if err != nil || lossy.lost != 1 {
		t.Errorf("%v, %d answers were lost", err, lossy.lost)
	}
}
