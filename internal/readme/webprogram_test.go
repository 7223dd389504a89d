package readme

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
)

// TestTheProgramServesBrowsers: the program of WEB.md. It writes no ticket to its log,
// and ends in order.
func TestTheProgramServesBrowsers(t *testing.T) {
	for _, name := range onWeb {
		t.Run(name, func(t *testing.T) {
			sim := simulate(t)
			t.Setenv("WX_COOKIE", "wx")
			t.Setenv("WX_COOKIE_INSECURE", "true")
			t.Setenv("WX_SCAN_LOGIN", "true")
			url, program, log := launchLogged(t, newModule(t, "."), "web", map[string]string{
				"main.go": theBlock(t, name, "moreRoutes"), "login.html": thePage(t),
			})
			token := logIn(t, url, sim.Code("alice"))
			if status, body := get(t, url+"/api/me", token); status != 200 || body != `{"openid":"alice"}` {
				t.Errorf("with the token the API gives %d %s", status, body)
			}
			if status, body := get(t, url+"/login", ""); status != 200 || !strings.Contains(body, "/wx/scan/") {
				t.Errorf("the page is %d %s", status, body)
			}
			resp, err := http.Post(url+"/wx/scan", "", nil)
			if status, body := reply(t, resp, err); status != 200 || !strings.Contains(body, `"image":`) {
				t.Errorf("a scan begins with %d %s", status, body)
			}
			if status, body := post(t, url+"/wx/ticket", token, `{"to":"/h5"}`); status != 200 || !strings.Contains(body, "/wx/enter?ticket=") {
				t.Errorf("a ticket is %d %s", status, body)
			}
			if status, _ := get(t, url+"/wx/jwks", ""); status != 404 {
				t.Errorf("without signing keys /wx/jwks gives %d", status)
			}
			_, _ = get(t, url+"/wx/enter?ticket=marker&to=/h5", "")
			if err := program.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			late := time.AfterFunc(20*time.Second, func() { _ = program.Process.Kill() })
			if err := program.Wait(); err != nil {
				t.Errorf("after SIGTERM the program ends with %v", err)
			}
			late.Stop()
			written, err := os.ReadFile(log)
			if err != nil || !strings.Contains(string(written), "/wx/enter") || strings.Contains(string(written), "marker") {
				t.Errorf("its log has no /wx/enter, or a ticket (%v):\n%s", err, written)
			}
		})
	}
}

// TestTheSampleTokenIsLikeARealOne: the members of header and payload.
func TestTheSampleTokenIsLikeARealOne(t *testing.T) {
	key, err := exec.Command(build(t, "./cmd/wxsession"), "keygen", "--signing", "p256", "--quiet").Output()
	if err != nil {
		t.Fatal(err)
	}
	wx, _, _ := newManager(t, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, d *core.Draft) error {
			d.SetAttr("uid", "42")
			d.SetAttr("plan", "gold")
			return nil
		}
	})
	issuer, err := wxtoken.New(wx, wxtoken.Config{SigningKeys: []core.Secret{core.NewSecret(strings.TrimSpace(string(key)))},
		Issuer: "https://login.example.com", Audiences: []string{"orders"}, Claims: []string{"plan"}, Subject: "uid"})
	if err != nil {
		t.Fatal(err)
	}
	_, s, err := wx.Issue(t.Context(), "", core.Identity{OpenID: "o-alice"}, "")
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := issuer.Token(t.Context(), s, "orders")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range onWeb {
		i := slices.IndexFunc(read(t, name).blocks, func(b block) bool { return b.language == "json" })
		if i < 0 {
			t.Fatalf("%s shows no token", name)
		}
		shown := strings.Split(strings.TrimSpace(read(t, name).blocks[i].code), "\n")
		for j, part := range strings.Split(token, ".")[:2] {
			real, err := base64.RawURLEncoding.DecodeString(part)
			if err != nil {
				t.Fatal(err)
			}
			a, b := object(t, shown[j]), object(t, string(real))
			for _, changes := range []string{"kid", "exp", "iat", "jti", "sid", "appid"} {
				if (a[changes] == nil) != (b[changes] == nil) {
					t.Errorf("%s: only one has %s", name, changes)
				}
				delete(a, changes)
				delete(b, changes)
			}
			if !reflect.DeepEqual(a, b) {
				t.Errorf("%s shows %v, a real one has %v", name, a, b)
			}
		}
	}
}

func object(t *testing.T, text string) (all map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// thePage is that of the website's login, which the program reads in its folder.
func thePage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "examples/website/login.html"))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func post(t *testing.T, url, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	return reply(t, resp, err)
}
