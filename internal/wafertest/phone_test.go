package wafertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience bounds what a phone may take for one call. It is used up only where
// a client never calls back.
const patience = 30 * time.Second

// phone is a Node process that runs one client.
type phone struct {
	t     *testing.T
	calls io.Writer
	ends  *bufio.Reader
	log   *bytes.Buffer // standard error; read after the process has ended
	kill  context.CancelFunc
	wait  func() error
}

// call is one call of the client's API.
type call struct {
	Name    string         `json:"call"`
	Options map[string]any `json:"options"`
}

// outcome is what the mini program sees of a call, and what it finds in the
// storage afterwards.
type outcome struct {
	Callbacks []string // in their order; "thrown" is an exception
	Success   json.RawMessage
	Fail      failure
	Thrown    failure
	Storage   map[string]json.RawMessage
	Changes   []string // of the storage: "set", "remove"
}

// failure is the error that a fail callback gets.
type failure struct{ Type, Message string }

func startPhone(t *testing.T, dir string, c client, w *world) *phone {
	t.Helper()
	ctx, kill := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "node", "phone.js",
		filepath.Join(dir, "node_modules", c.module), w.url, loginPath, w.sim.AppID)
	cmd.Dir = dir
	p := &phone{t: t, log: new(bytes.Buffer), kill: kill, wait: cmd.Wait}
	cmd.Stderr = p.log
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.calls, p.ends = in, bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

func (p *phone) stop() {
	p.kill()
	_ = p.wait() // killed, and that is all right
	if p.t.Failed() && p.log.Len() > 0 {
		p.t.Logf("the phone's log:\n%s", p.log)
	}
}

// do calls the client's function and returns when it has called back.
func (p *phone) do(function string, options map[string]any) outcome {
	p.t.Helper()
	line, err := json.Marshal(call{function, options})
	if err != nil {
		p.t.Fatal(err)
	}
	timer := time.AfterFunc(patience, p.kill)
	defer timer.Stop()
	_, _ = p.calls.Write(append(line, '\n')) // fails when node has died; so does the read
	reply, err := p.ends.ReadBytes('\n')
	if err != nil {
		p.t.Fatalf("%s: the client does not call back: %v", function, err)
	}
	var o outcome
	if err := json.Unmarshal(reply, &o); err != nil {
		p.t.Fatalf("%s: %v in %s", function, err, reply)
	}
	switch join(o.Callbacks) {
	case "success", "fail", "success complete", "fail complete", "thrown":
	default:
		p.t.Errorf("%s: the callbacks %v ran, want success or fail, once", function, o.Callbacks)
	}
	return o
}
