package core_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestAnInspectorTellsWhatStandsInAStore: every kind of record that a manager
// writes, and how it is sealed, from the point of view of several configurations.
func TestAnInspectorTellsWhatStandsInAStore(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { sealedWith('a')(c); c.PhoneRoute = true })
	_, s := w.login(t, "o-alice")
	if _, err := w.NewTicket(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666")); err != nil {
		t.Fatal(err)
	}
	if err := w.Values().Swap(t.Context(), "mine", nil, []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{"s:": "session", "u:": "user", "k:": "ticket", "t:": "access token", "x:": "value"}
	named := map[string]bool{"s:": true, "k:": true, "t:": true}
	for prefix, kind := range kinds {
		key := w.only(t, prefix)
		appID := ""
		if named[prefix] {
			appID = w.wx.AppID
		}
		for keys, want := range map[string]core.StoredValue{
			"a":  {Kind: kind, Seal: core.SealCurrent, AppID: appID},
			"ba": {Kind: kind, Seal: core.SealOlder, AppID: appID},
			"b":  {Kind: kind, Seal: core.SealUnknown},
			"":   {Kind: kind, Seal: core.SealUnknown},
		} {
			raw := w.raw(t, key)
			if got := inspector(t, keys, "").Inspect(key, raw); got != want || !bytes.Equal(raw, w.raw(t, key)) {
				t.Errorf("%s with the keys %q: %+v, want %+v", kind, keys, got, want)
			}
		}
		moved := core.StoredValue{Kind: kind, Seal: core.SealBroken}
		if got := inspector(t, "a", "other:").Inspect(key, w.raw(t, key)); got != moved {
			t.Errorf("%s under another prefix: %+v, want %+v", kind, got, moved)
		}
	}
}

func TestAnInspectorReadsWhatIsInClear(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	key := w.only(t, "s:")
	want := core.StoredValue{Kind: "session", Seal: core.SealNone, AppID: w.wx.AppID}
	for _, keys := range []string{"", "a"} {
		if got := inspector(t, keys, "").Inspect(key, w.raw(t, key)); got != want {
			t.Errorf("with the keys %q: %+v, want %+v", keys, got, want)
		}
	}
	genuine := w.raw(t, key)
	if err := w.Revoke(t.Context(), "", "o-alice", s.ID); err != nil {
		t.Fatal(err)
	}
	want.AppID = ""
	if got := inspector(t, "", "").Inspect(key, w.raw(t, key)); got != want {
		t.Errorf("a tombstone: %+v, want %+v", got, want)
	}
	for name, raw := range map[string][]byte{"nothing": {}, "half a record": genuine[:len(genuine)/2], "a byte": {1}} {
		if got := inspector(t, "", "").Inspect(key, raw); got.Seal != core.SealBroken || got.AppID != "" {
			t.Errorf("%s: %+v, want it broken", name, got)
		}
	}
	if got := inspector(t, "", "").Inspect(key, append([]byte{2}, genuine[1:]...)); got.Seal != core.SealLater {
		t.Errorf("a later version: %+v", got)
	}
}

// TestAnInspectorRepeatsNothingFromOthers: who writes to the store cannot have
// texts of his choice shown.
func TestAnInspectorRepeatsNothingFromOthers(t *testing.T) {
	const secret = "5ec2e75ec2e75ec2e75ec2e75ec2e75e"
	i := inspector(t, "", "")
	for _, key := range []string{"", "s", "s:", "s:short", "s:" + strings.Repeat("~", 22), "x:", "t:", "t:a b", "q:" + strings.Repeat("A", 22), "shop:cart", "s:" + strings.Repeat("A", 23)} {
		if got := i.Inspect(key, []byte("some value")); got.Kind != "" || got.AppID != "" {
			t.Errorf("%q: %+v, want it unknown", key, got)
		}
	}
	if got := i.Inspect("d:"+strings.Repeat("A", 22), []byte{1}); got != (core.StoredValue{Kind: "used data", Seal: core.SealNone}) {
		t.Errorf("data that was opened once: %+v", got)
	}
	if got := i.Inspect("t:"+secret, append([]byte{1}, make([]byte, 18)...)); got.AppID != "" || got.Seal != core.SealNone {
		t.Errorf("an appid that looks like a secret: %+v", got)
	}
}

func TestAnInspectorRefusesKeysThatAreNone(t *testing.T) {
	for name, keys := range map[string][]core.Secret{
		"a short one": {core.NewSecret("c2hvcnQ=")}, "the same twice": {sealKey('a'), sealKey('a')},
	} {
		_, err := core.NewInspector(core.Config{Keys: keys}, "")
		if err == nil || !strings.Contains(err.Error(), "WX_KEYS") || strings.Contains(err.Error(), "aaaa") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func inspector(t *testing.T, keys, prefix string) *core.Inspector {
	t.Helper()
	var cfg core.Config
	sealedWith([]byte(keys)...)(&cfg)
	i, err := core.NewInspector(cfg, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return i
}
