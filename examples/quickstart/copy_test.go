// Package quickstart_test copies each quickstart out of the repository, into a
// module of its own, as a reader of the README does, and runs what it builds.
package quickstart_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

func TestEachQuickstartRunsInAModuleOfItsOwn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("ends the programs with SIGTERM, which Windows lacks: run it on Linux or macOS")
	}
	for _, name := range []string{"gin", "echo", "nethttp"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := build(t, name)
			try(t, program)
			wantAddr(t, program)
		})
	}
}

// build returns the program that the copy builds.
func build(t *testing.T, name string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, err := os.ReadFile(filepath.Join(name, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(source), "\n"); lines > 110 {
		t.Errorf("it has %d lines: a quickstart fits on two screens", lines)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod")) // the same versions, none of them looked up
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(mod), "module github.com/wxsession/wxsession", "module example.com/shop", 1) +
		"\nrequire github.com/wxsession/wxsession v0.0.0\nreplace github.com/wxsession/wxsession => " + root + "\n"
	for file, content := range map[string][]byte{"main.go": source, "go.mod": []byte(text), "go.sum": sum} {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-mod=mod", "-o", "shop", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the copy does not build: %v\n%s", err, out)
	}
	return filepath.Join(dir, "shop")
}

// wantAddr starts the program at an address that is taken.
func wantAddr(t *testing.T, program string) {
	t.Helper()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), "ADDR="+taken.Addr().String(), "WX_APPID=wx0123456789abcdef", "WX_SECRET=unused", "GIN_MODE=release")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "(ADDR)") || !strings.Contains(string(out), "address already in use") {
		t.Errorf("the address is taken, and the program says %s (%v)", out, err)
	}
}

// try logs in twice and calls the API, then ends the program as a host does.
func try(t *testing.T, program string) {
	t.Helper()
	wx := wxtest.NewServer()
	t.Cleanup(wx.Close)
	addr := freeAddr(t)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "ADDR="+addr, "WX_APPID="+wx.AppID, "WX_SECRET="+wx.Secret, "WX_API_BASE="+wx.URL, "GIN_MODE=release")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			t.Log(lines.Text())
		}
	}()
	waitFor(t, addr)
	want := `{"openid":"` + wx.OpenID("alice") + `","uid":1}` // login.html and the mini program read the openid
	for _, user := range []string{"alice", "alice again"} {
		body := post(t, "http://"+addr+"/wx/login", `{"code":"`+wx.Code(wx.OpenID("alice"))+`"}`)
		var login struct {
			Token string `json:"3rd_session"`
		}
		if err := json.Unmarshal([]byte(body), &login); err != nil {
			t.Fatal(err)
		}
		if got := get(t, "http://"+addr+"/api/me", login.Token); strings.TrimSpace(got) != want {
			t.Errorf("%s is %s, want %s", user, got, want)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func waitFor(t *testing.T, addr string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Since(began) > 20*time.Second {
			t.Fatal(err)
		}
	}
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	return read(t, resp, err)
}

func get(t *testing.T, url, token string) string {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	return read(t, resp, err)
}

func read(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s, %v", resp.StatusCode, body, err)
	}
	return string(body)
}
