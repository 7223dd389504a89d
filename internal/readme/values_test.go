package readme

import (
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxtoken"
	"github.com/wxsession/wxsession/stores"
	"github.com/wxsession/wxsession/stores/memory"
)

// TestFormsAreTaken sets each variable to what its row shows as a form or as the
// default.
func TestFormsAreTaken(t *testing.T) {
	for variable, row := range rows(read(t, readmes[0]).table(t, "WX_APPID")) {
		for _, value := range append(spans(row[2]), spans(row[len(row)-1])...) {
			if strings.HasPrefix(value, "WX_") {
				continue
			}
			t.Run(variable+"="+value, func(t *testing.T) {
				t.Setenv(variable, value)
				if _, err := core.ConfigFromEnv(); err != nil {
					t.Error(err)
				}
				if _, err := weblogin.ConfigFromEnv(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	for _, value := range []string{"90m", "72h", "259200s"} {
		t.Setenv("WX_LIFETIME", value)
		if _, err := core.ConfigFromEnv(); err != nil {
			t.Errorf("WX_LIFETIME=%s: %v", value, err)
		}
	}
	t.Setenv("WX_LIFETIME", "259200")
	if _, err := core.ConfigFromEnv(); err == nil {
		t.Error("a duration without unit is taken")
	}
}

// TestKeysAreWhatTheirRowsPrint runs the commands of the rows, as in
// WX_KEYS=$(wxsession keygen --quiet).
func TestKeysAreWhatTheirRowsPrint(t *testing.T) {
	program := build(t, "./cmd/wxsession")
	t.Setenv("WX_ISSUER", "https://login.example.com")
	t.Setenv("WX_AUDIENCES", "orders")
	listed := rows(read(t, readmes[0]).table(t, "WX_APPID"))
	for _, variable := range []string{"WX_KEYS", "WX_SIGNING_KEYS"} {
		command := strings.Fields(spans(listed[variable][1])[0])
		if command[0] != "wxsession" {
			t.Fatalf("the row of %s shows %q", variable, command)
		}
		value, err := exec.Command(program, command[1:]...).Output()
		if err != nil {
			t.Fatalf("%q: %v", command, err)
		}
		t.Setenv(variable, strings.TrimSpace(string(value)))
	}
	if cfg, err := core.ConfigFromEnv(); err != nil || len(cfg.Keys) != 1 {
		t.Errorf("%d keys, %v", len(cfg.Keys), err)
	}
	wx, _, _ := newManager(t, nil)
	signing, err := wxtoken.ConfigFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wxtoken.New(wx, signing); err != nil || len(signing.SigningKeys) != 1 {
		t.Errorf("%d signing keys, %v", len(signing.SigningKeys), err)
	}
}

// TestTheCacheTakesOneConnection: the rows of both options say so.
func TestTheCacheTakesOneConnection(t *testing.T) {
	if _, err := stores.Open(t.Context(), "redis://localhost:6379?cache=1000&conns=2"); err == nil {
		t.Error("cache and conns=2 are taken together")
	}
	for _, name := range onStore {
		listed := rows(read(t, name).table(t, "timeout"))
		if !strings.Contains(strings.Join(listed["cache"], " "), "`conns`") || !strings.Contains(strings.Join(listed["conns"], " "), "`cache`") {
			t.Errorf("%s: %q, %q", name, listed["cache"], listed["conns"])
		}
	}
}

// TestUpperBoundsAreThoseOfTheCode: what a row gives as the most is taken, and no more.
func TestUpperBoundsAreThoseOfTheCode(t *testing.T) {
	listed := rows(read(t, readmes[0]).table(t, "WX_APPID"))
	for variable, set := range map[string]func(*core.Config, int){
		"WX_MAX_SESSIONS":    func(c *core.Config, n int) { c.MaxSessions = n },
		"WX_LIMIT_EXCHANGES": func(c *core.Config, n int) { c.LimitExchanges = n },
		"WX_LIFETIME":        func(c *core.Config, n int) { c.Lifetime = time.Duration(n) * 10 * 365 * 24 * time.Hour },
	} {
		most := 1 // ten years
		if _, text, found := strings.Cut(listed[variable][2], "1 to "); found {
			n, err := strconv.Atoi(text)
			if err != nil {
				t.Fatalf("the row of %s: %v", variable, err)
			}
			most = n
		} else if !strings.HasSuffix(listed[variable][2], "to ten years") {
			t.Errorf("%s has no upper bound", variable)
		}
		for n, good := range map[int]bool{most: true, most + 1: false} {
			cfg := core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret(strings.Repeat("0a", 16))}
			set(&cfg, n)
			store, err := memory.New(memory.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := core.New(cfg, store); (err == nil) != good {
				t.Errorf("%s of %d: %v", variable, n, err)
			}
			_ = store.Close()
		}
	}
}

func TestDSNsAreTaken(t *testing.T) {
	for _, name := range slices.Concat(readmes, onStore) {
		n := 0
		for _, row := range read(t, name).table(t, "memory://") {
			for _, dsn := range spans(row[0]) {
				n++
				store, err := stores.Open(t.Context(), dsn)
				if err != nil {
					t.Errorf("%s: %s: %v", name, dsn, err)
					continue
				}
				_ = store.Close()
			}
		}
		if n < 6 {
			t.Errorf("%s shows %d DSNs", name, n)
		}
	}
}
