package readme

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What the papers print as programs and tests, run as it stands there but for the
// port.

func TestTheProgramServes(t *testing.T) {
	dir := newModule(t, ".")
	for name, files := range variants(t) {
		t.Run(name, func(t *testing.T) {
			sim := simulate(t)
			url := launch(t, dir, name, files)
			token := logIn(t, url, sim.Code("alice"))
			if status, body := get(t, url+"/api/me", token); status != 200 || body != `{"openid":"alice"}` {
				t.Errorf("with the token the API gives %d %s", status, body)
			}
			if status, _ := get(t, url+"/api/me", ""); status != 401 {
				t.Errorf("without it the API gives %d", status)
			}
		})
	}
}

// variants are the files of the README's program, by framework.
func variants(t *testing.T) map[string]map[string]string {
	t.Helper()
	whole := theBlock(t, readmes[0], "func main()")
	echo4 := theBlock(t, readmes[0], "labstack/echo/v4")
	return map[string]map[string]string{
		"gin":     {"main.go": whole},
		"echo4":   {"main.go": withoutRoutes(t, whole), "routes.go": "package main\n\n" + echo4},
		"echo5":   {"main.go": withoutRoutes(t, whole), "routes.go": "package main\n\n" + asEcho5(t, echo4)},
		"nethttp": {"main.go": withoutRoutes(t, whole), "routes.go": "package main\n\n" + theBlock(t, readmes[0], "http.NewServeMux()")},
	}
}

// withoutRoutes leaves the place of the function routes to another one.
func withoutRoutes(t *testing.T, whole string) string {
	t.Helper()
	kept, _, found := strings.Cut(whole, "\nfunc routes(")
	if !found {
		t.Fatal("the program has no function routes")
	}
	return regexp.MustCompile(`(?m)^\t".*(gin-gonic/gin|/ginwx)"\n`).ReplaceAllString(kept, "")
}

// asEcho5 changes what the README says is different.
func asEcho5(t *testing.T, echo4 string) string {
	t.Helper()
	said := strings.Join(spans(read(t, readmes[0]).prose), " ")
	for from, to := range map[string]string{
		`github.com/labstack/echo/v4`:           `github.com/labstack/echo/v5`,
		`github.com/wxsession/wxsession/echowx`: `github.com/wxsession/wxsession/echowx/v5`,
		`echo.Context`:                          `*echo.Context`,
	} {
		if !strings.Contains(said, to) || strings.Count(echo4, from) != 1 {
			t.Errorf("%s is not said, or not once in the block for v4", to)
		}
		echo4 = strings.Replace(echo4, from, to, 1)
	}
	return echo4
}

// TestAServiceWithoutAnAccount: the simulator as a program, and the service beside it.
func TestAServiceWithoutAnAccount(t *testing.T) {
	for _, name := range faqs {
		t.Run(name, func(t *testing.T) {
			t.Setenv("WX_APPID", "wx0123456789abcdef")
			t.Setenv("WX_SECRET", "simulated")
			dir, addr := newModule(t, "."), freeAddr(t)
			t.Setenv("ADDR", addr)
			wechat := launch(t, dir, "wechat", map[string]string{"main.go": theBlock(t, name, "wxtest.NewServer")})
			t.Setenv("WX_API_BASE", wechat)
			url := launch(t, dir, "shop", map[string]string{"main.go": theBlock(t, readmes[0], "func main()")})
			status, code := get(t, wechat+"/code?user=alice", "")
			if status != 200 {
				t.Fatalf("there is no code: %d %s", status, code)
			}
			if status, body := get(t, url+"/api/me", logIn(t, url, code)); status != 200 || !strings.HasPrefix(body, `{"openid":"o`) {
				t.Errorf("the API gives %d %s", status, body)
			}
		})
	}
}

// TestThePrintedTestsPass beside each variant of the program, and are run.
func TestThePrintedTestsPass(t *testing.T) {
	dir := newModule(t, ".")
	for name, files := range variants(t) {
		for file, text := range files {
			write(t, filepath.Join(dir, name, file), text)
		}
		write(t, filepath.Join(dir, name, "main_test.go"), theBlock(t, readmes[0], "func TestMe"))
		write(t, filepath.Join(dir, name, "logins_test.go"), theBlock(t, faqs[0], "func TestLogins"))
		out := run(t, dir, "test", "-v", "./"+name)
		for _, test := range []string{"TestMe", "TestLogins"} {
			if !strings.Contains(out, "--- PASS: "+test) {
				t.Errorf("%s: %s did not pass:\n%s", name, test, out)
			}
		}
	}
}

// TestTheObservedManagerWorks: its module is wxotel's.
func TestTheObservedManagerWorks(t *testing.T) {
	dir := newModule(t, "wxotel")
	write(t, filepath.Join(dir, "observed.go"), "package main\n\n"+theBlock(t, "docs/OPERATIONS.md", "wxsession/wxotel\""))
	write(t, filepath.Join(dir, "main.go"), `package main

import (
	"context"
	"fmt"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
)

func main() {
	store, err := memory.New(memory.Options{})
	if err != nil {
		panic(err)
	}
	wx, err := observed(core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("unused")}, store)
	if err != nil {
		panic(err)
	}
	_, s, err := wx.Issue(context.Background(), "", core.Identity{OpenID: "o-bob"}, "")
	fmt.Println(s.OpenID, err)
}
`)
	if out := run(t, dir, "run", "."); !strings.Contains(out, "o-bob <nil>") {
		t.Errorf("it prints %s", out)
	}
}

var port = regexp.MustCompile(`":8080"`)

// launch builds a program of a module, starts it in its folder, and returns its address.
func launch(t *testing.T, dir, name string, files map[string]string) (url string) {
	t.Helper()
	url, _, _ = launchLogged(t, dir, name, files)
	return url
}

// launchLogged also returns the program, and the file with what it writes.
func launchLogged(t *testing.T, dir, name string, files map[string]string) (url string, cmd *exec.Cmd, log string) {
	t.Helper()
	addr := os.Getenv("ADDR")
	for file, text := range files {
		if port.MatchString(text) {
			addr = freeAddr(t)
			text = port.ReplaceAllString(text, `"`+addr+`"`)
		}
		write(t, filepath.Join(dir, name, file), text)
	}
	program := filepath.Join(dir, name+".exe")
	run(t, dir, "build", "-o", program, "./"+name)
	cmd = exec.Command(program)
	cmd.Dir = filepath.Join(dir, name)
	out, err := os.Create(program + ".log")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() // the program has its own
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has nothing to save
		_ = cmd.Wait()
	})
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return "http://" + addr, cmd, out.Name()
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%s does not listen: %v", name, err)
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l := httptest.NewServer(nil)
	defer l.Close()
	return l.Listener.Addr().String()
}

// logIn logs in at a service.
func logIn(t *testing.T, url, code string) string {
	t.Helper()
	resp, err := http.Post(url+"/wx/login", "application/json", strings.NewReader(`{"code":"`+code+`"}`))
	status, body := reply(t, resp, err)
	m := regexp.MustCompile(`"3rd_session":"([^"]+)"`).FindStringSubmatch(body)
	if status != 200 || m == nil {
		t.Fatalf("the login gives %d %s", status, body)
	}
	return m[1]
}

func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	return reply(t, resp, err)
}

func reply(t *testing.T, resp *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(body))
}
