package readme

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtoken"
	"github.com/wxsession/wxsession/stores"
	"github.com/wxsession/wxsession/stores/memory"
)

// Read by the code, and nothing that a user would set for it.
var unlisted = map[string]string{
	"TERM": "a terminal's own",
	"PATH": "the system's own",
}

func TestEveryVariableHasARow(t *testing.T) {
	inCode := environmentNames(t)
	for _, c := range []reflect.Type{reflect.TypeFor[core.Config](), reflect.TypeFor[weblogin.Config](), reflect.TypeFor[wxtoken.Config]()} {
		for f := range c.Fields() {
			if name := f.Tag.Get("env"); name != "" && inCode[name] == "" {
				t.Errorf("%v has the tag %s, which nothing reads", c, name)
			}
		}
	}
	for _, name := range readmes {
		r := read(t, name)
		listed := rows(r.table(t, "WX_APPID"))
		for variable, row := range rows(r.table(t, "ADDR")) {
			listed[variable] = row
		}
		for variable, file := range inCode {
			if listed[variable] == nil && unlisted[variable] == "" {
				t.Errorf("%s: %s, which %s reads, has no row", name, variable, file)
			}
		}
		for variable := range listed {
			if inCode[variable] == "" {
				t.Errorf("%s: %s has a row, and nothing reads it", name, variable)
			}
		}
		for _, paper := range papers() {
			for _, variable := range regexp.MustCompile(`\bWX_[A-Z_]*[A-Z]`).FindAllString(read(t, paper).prose, -1) {
				if listed[variable] == nil && variable != "WX_APP_ID" && variable != "WX_LIMIT" {
					t.Errorf("%s mentions %s, which has no row in %s", paper, variable, name)
				}
			}
		}
	}
}

// TestDefaultsAreThoseOfTheCode asks a manager without settings what it does.
func TestDefaultsAreThoseOfTheCode(t *testing.T) {
	is := defaults(t)
	for _, name := range readmes {
		for variable, row := range rows(read(t, name).table(t, "WX_APPID")) {
			said, want := row[len(row)-1], is[variable]
			if want == "" && spansBool(row) {
				want = "false"
			}
			if want != "" && said != "`"+want+"`" {
				t.Errorf("%s: the default of %s is said to be %s, it is %s", name, variable, said, want)
			}
			if want == "" && len(spans(said)) > 0 && !strings.HasPrefix(spans(said)[0], "WX_") {
				t.Errorf("%s: the default of %s is said to be %s, which is not checked", name, variable, said)
			}
		}
	}
}

// defaults are those that show: switches are off, and lists empty.
func defaults(t *testing.T) map[string]string {
	t.Helper()
	wx, sim, advance := newManager(t, nil)
	token := login(t, wx, sim, "alice")
	s, err := wx.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	sessions := 1
	for ; sessions < 100; sessions++ {
		login(t, wx, sim, "bob")
		if list, err := wx.Sessions(t.Context(), sim.AppID, "bob"); err != nil || len(list) < sessions {
			break
		}
	}
	actions := 0
	for ; actions < 10000 && wx.LimitUser(s) == nil; actions++ {
	}
	strangers := "off"
	for range 10000 {
		if wx.LimitAddress(core.Request{Address: "192.0.2.1"}) != nil {
			strangers = "limited"
		}
	}
	return map[string]string{
		"WX_STORE":           defaultStore(t),
		"WX_IDLE_TIMEOUT":    short(s.ExpiresAt().Sub(s.LastSeen())),
		"WX_LIFETIME":        short(s.EndsAt().Sub(s.CreatedAt())),
		"WX_ROTATE_GRACE":    short(grace(t, wx, token, advance)),
		"WX_MAX_SESSIONS":    strconv.Itoa(sessions - 1),
		"WX_PREFIX":          strings.TrimSuffix(wx.Routes()[0].Path, "/login"),
		"WX_API_BASE":        wxapi.DefaultBase,
		"WX_LIMIT_USER":      strconv.Itoa(actions/2) + "/m", // twice that at once
		"WX_LIMIT_ADDRESS":   strangers,
		"WX_LIMIT_EXCHANGES": constant(t, "core", "defaultExchanges"),
		"WX_SCAN_PAGE":       constant(t, "core/weblogin", "defaultPage"),
	}
}

// spansBool reports whether a row is that of a switch. Config's zero value is off.
func spansBool(row []string) bool { return strings.Join(spans(row[2]), " ") == "true false" }

// grace is how long a token works after the first use of its successor.
func grace(t *testing.T, wx *core.Manager, token string, advance func(time.Duration)) time.Duration {
	t.Helper()
	fresh, _, err := wx.Rotate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wx.Authenticate(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	const step = time.Second
	lasted := time.Duration(0)
	for ; lasted < time.Hour; lasted += step {
		if _, err := wx.Authenticate(t.Context(), token); err != nil {
			return lasted
		}
		advance(step)
	}
	return lasted
}

// short writes a duration as one would: 72h, not 72h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// defaultStore is the DSN of what an empty one opens.
func defaultStore(t *testing.T) string {
	t.Helper()
	store, err := stores.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, ok := store.(*memory.Store); ok {
		return "memory://"
	}
	return ""
}
