package core

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"os/exec"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/internal/record"
)

func TestTokensAreRandomAndOfTheirShape(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token := newToken()
		if !tokenShaped(token) || seen[token] {
			t.Fatalf("newToken made %q (seen before: %v)", token, seen[token])
		}
		seen[token] = true
	}
}

func TestTokenKeyIsTheHashOfTheTokensText(t *testing.T) {
	token := newToken()
	sum := sha256.Sum256([]byte(token))
	want := "s:" + base64.RawURLEncoding.EncodeToString(sum[:16])
	if got := record.OfToken(token).Key(record.SessionPrefix); got != want {
		t.Errorf("key is %q, want %q", got, want)
	}
}

func TestUserKeysDoNotCollide(t *testing.T) {
	if userKey("ab", "c") == userKey("a", "bc") {
		t.Error("the boundary between appid and openid is lost")
	}
	if userKey("wxa", "o1") == userKey("wxb", "o1") {
		t.Error("one openid under two apps is one user")
	}
}

func TestTokenShapeIsCheckedWithoutAllocating(t *testing.T) {
	token := newToken()
	if n := testing.AllocsPerRun(100, func() { tokenShaped(token) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzTokenShape: what passes is exactly the canonical base64url of 32 bytes.
func FuzzTokenShape(f *testing.F) {
	seeds := []string{"", newToken(), strings.Repeat("A", 43), strings.Repeat("A", 42) + "B", strings.Repeat("A", 44), strings.Repeat("=", 43), strings.Repeat("\x00", 43), "Bearer " + newToken()}
	for _, s := range seeds {
		f.Add(s)
	}
	shaped := 0
	for _, s := range seeds {
		if tokenShaped(s) {
			shaped++
		}
	}
	if shaped < 2 {
		f.Fatal("the corpus has lost its good tokens")
	}
	f.Fuzz(func(t *testing.T, s string) {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
		canonical := err == nil && len(raw) == 32 && base64.RawURLEncoding.EncodeToString(raw) == s
		if tokenShaped(s) != canonical {
			t.Errorf("tokenShaped(%q) = %v", s, !canonical)
		}
	})
}

func TestCoreImportsTheStandardLibraryAndXSyncOnly(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".", "./wxapi").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Fields(out)
	if len(lines) < 3 {
		t.Fatalf("go list found only %q", lines)
	}
	for _, path := range lines {
		p := string(path)
		if p != "golang.org/x/sync/singleflight" && !strings.HasPrefix(p, "github.com/wxsession/wxsession/core") {
			t.Errorf("core depends on %s", p)
		}
	}
}
