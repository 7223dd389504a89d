package readme

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// TestTheLinesToTryItRun starts the server of the first command, and gives the
// lines behind it to a shell.
func TestTheLinesToTryItRun(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing := tool + " is not installed (on Debian: apt-get install " + tool + ")"
			if os.Getenv("WX_TEST_SERVERS") == "required" {
				t.Fatal(missing + ", and WX_TEST_SERVERS=required forbids to skip")
			}
			t.Skip(missing)
		}
	}
	r := read(t, readmes[0])
	var commands []string
	for _, b := range r.blocks {
		if b.language == "sh" {
			commands = append(commands, b.code)
		}
	}
	target, found := strings.CutPrefix(strings.TrimSpace(commands[0]), "go run ")
	if !found || !strings.Contains(commands[1], "curl") {
		t.Fatalf("the README begins with %q", commands[:2])
	}
	url := start(t, target, nil)
	sh := exec.Command("sh", "-eu", "-c", strings.ReplaceAll(commands[1], "http://localhost:8080", url))
	sh.Stderr = os.Stderr
	out, err := sh.Output()
	if err != nil {
		t.Fatalf("the lines fail: %v\n%s", err, out)
	}
	checkReplies(t, string(out))
}

// TestTheWebsiteLoginIsThere with the command that the README gives.
func TestTheWebsiteLoginIsThere(t *testing.T) {
	r := read(t, readmes[0])
	i := slices.IndexFunc(r.blocks, func(b block) bool { return strings.HasPrefix(b.code, "WX_COOKIE=") })
	if i < 0 {
		t.Fatal("no command begins with WX_COOKIE=")
	}
	variables, target, found := strings.Cut(strings.TrimSpace(r.blocks[i].code), " go run ")
	if !found {
		t.Fatalf("the command is %q", r.blocks[i].code)
	}
	url := start(t, target, strings.Fields(variables))
	resp, err := http.Post(url+"/wx/scan", "", nil)
	status, body := reply(t, resp, err)
	var begun struct{ Image string }
	if err := json.Unmarshal([]byte(body), &begun); err != nil || status != 200 || begun.Image == "" {
		t.Fatalf("a login begins with %d %s (%v)", status, body, err)
	}
	for _, name := range onWeb { // the same command stands in a sentence there
		if !slices.Contains(spans(read(t, name).prose), strings.TrimSpace(r.blocks[i].code)) {
			t.Errorf("%s has another command", name)
		}
	}
}

// checkReplies reads what the lines print: who it is, what remains, that the log-out
// went well, and that the token is good no more.
func checkReplies(t *testing.T, out string) {
	t.Helper()
	var me struct{ OpenID, AppID string }
	var left struct {
		ExpiresIn int `json:"expires_in"`
	}
	replies := json.NewDecoder(strings.NewReader(out))
	if err := replies.Decode(&me); err != nil || me.OpenID == "" || me.AppID == "" {
		t.Errorf("the API says %+v, %v", me, err)
	}
	if err := replies.Decode(&left); err != nil || left.ExpiresIn < 259000 {
		t.Errorf("the check says %+v, %v", left, err)
	}
	var status int
	if err := replies.Decode(&status); err != nil || status != http.StatusNoContent {
		t.Errorf("the log-out says %d, %v", status, err)
	}
	var refusal struct{ Error core.Code }
	if err := replies.Decode(&refusal); err != nil || refusal.Error != core.CodeInvalidSession {
		t.Errorf("after the log-out the API says %+v, %v", refusal, err)
	}
	if lines := strings.Count(out, "\n"); replies.More() || lines != 4 || !strings.HasSuffix(out, "\n") {
		t.Errorf("of four replies, each should have a line: %q", out)
	}
}

var listening = regexp.MustCompile(`^listening on (http://\S+)`)

// build builds a program of this module.
func build(t *testing.T, target string) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", "build", "-o", program, target)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s does not build: %v\n%s", target, err, out)
	}
	return program
}

// start builds and runs a program of this module with these variables, and returns
// its address.
func start(t *testing.T, target string, variables []string) (url string) {
	t.Helper()
	run := exec.Command(build(t, target))
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "WX_") {
			run.Env = append(run.Env, v)
		}
	}
	run.Env = append(append(run.Env, "ADDR=127.0.0.1:0"), variables...)
	stdout, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill() // it has nothing to save
		_ = run.Wait()
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			go func() {
				for lines.Scan() { // it must not wait for a reader
				}
			}()
			return m[1]
		}
	}
	t.Fatalf("%s ended without an address", target)
	return ""
}
