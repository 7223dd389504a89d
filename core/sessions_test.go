package core_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestASessionInfoInJSONIsWhatTheRouteShows: an administrator's route sends it as it
// is, to clients that know GET /wx/sessions.
func TestASessionInfoInJSONIsWhatTheRouteShows(t *testing.T) {
	w := newWorld(t, nil)
	w.clock.Advance(1234 * time.Millisecond)
	token, s, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice"), Device: "<phone> & \"co\""})
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.Sessions(t.Context(), "", "o-alice")
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	text, err := json.Marshal(list[0])
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"id": s.ID, "created_at": 1_700_000_001.0, "last_seen": 1_700_000_001.0, "device": "<phone> & \"co\""}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s, want %v", text, want)
	}
	_, body := send(t, w.Manager, "GET", "/wx/sessions", "", bearer(token)...)
	shown := body["sessions"].([]any)[0].(map[string]any)
	if current, _ := shown["current"].(bool); !current || len(shown) != len(got)+1 {
		t.Errorf("the route shows %v", shown)
	}
	delete(shown, "current")
	if !reflect.DeepEqual(shown, got) {
		t.Errorf("the route shows %v, a SessionInfo is %v", shown, got)
	}
	var read core.SessionInfo
	if err := json.Unmarshal(text, &read); err != nil || read.ID != s.ID || read.Device != list[0].Device ||
		!read.CreatedAt.Equal(list[0].CreatedAt.Truncate(time.Second)) || !read.LastSeen.Equal(list[0].LastSeen.Truncate(time.Second)) {
		t.Errorf("read back: %+v, %v", read, err)
	}
	if err := json.Unmarshal([]byte(`{"id":1}`), &read); err == nil {
		t.Error("an id that is a number is read")
	}
}

// TestAUserWithoutSessionsHasAnEmptyList, and not null, in JSON.
func TestAUserWithoutSessionsHasAnEmptyList(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	if err := w.Logout(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	w.login(t, "o-bob")
	w.clock.Advance(40 * 24 * time.Hour) // the index may still be there
	texts := map[string]string{}
	for _, user := range []string{"o-alice", "o-bob", "o-nobody"} {
		list, err := w.Sessions(t.Context(), "", user)
		text, _ := json.Marshal(list)
		if texts[user] = string(text); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
	if got := slices.Compact(slices.Collect(maps.Values(texts))); !slices.Equal(got, []string{"[]"}) {
		t.Errorf("got %v", texts)
	}
}
