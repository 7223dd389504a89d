package demotest

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// asServer is set in the environment of a test binary that is to be the server.
const asServer = "WXSESSION_EXAMPLE_SERVER"

// Main runs the tests, or main where the tests have started this process anew
// to be the server. So no second build is needed, and -race covers the server.
func Main(m *testing.M, main func()) {
	if os.Getenv(asServer) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Start starts the example in whose package it is called, with these variables,
// and returns where it listens. It is for what an example has beyond the others.
func Start(t *testing.T, env ...string) (url string) {
	t.Helper()
	return start(t, env...).url
}

// process is a running server.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    *bufio.Reader
	stderr bytes.Buffer
	exit   chan error
	url    string
	script string // the printed lines that log in and call the API
}

// command prepares a server on a free port with these variables and no others
// of ours.
func command(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "WX_") && !strings.HasPrefix(v, "ADDR=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, asServer+"=1", "ADDR=127.0.0.1:0")
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// start starts a server and waits until it has said where it listens.
func start(t *testing.T, env ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: command(t, env...), exit: make(chan error, 1)}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(stdout)
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	p.readGreeting()
	go func() { p.exit <- p.cmd.Wait() }()
	return p
}

// readGreeting takes the address from the first line, and the script from what
// follows where WeChat is simulated.
func (p *process) readGreeting() {
	p.t.Helper()
	line := p.readLine()
	_, url, found := strings.Cut(line, "listening on ")
	if !found {
		p.t.Fatalf("the first line is %q, want the address", line)
	}
	url, _, simulated := strings.Cut(url, ",")
	p.url = strings.TrimSpace(url)
	if simulated { // the line goes on: with the real WeChat there is no script
		return
	}
	for strings.Count(p.script, "curl ") < 3 {
		if line := p.readLine(); strings.Contains(line, "curl ") {
			p.script += line
		}
	}
}

func (p *process) readLine() string {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatalf("the server has printed no more: %v\n%s", err, p.stderr.String())
	}
	return line
}

// wantExit sends sig and waits for the exit code 0.
func (p *process) wantExit(sig os.Signal) {
	p.t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.exit:
		if err != nil {
			p.t.Errorf("the server ended with %v, want exit code 0\n%s", err, p.stderr.String())
		}
	case <-time.After(10 * time.Second):
		p.t.Fatalf("the server still runs %v after %v", time.Since(began), sig)
	}
	if took := time.Since(began); took > 5*time.Second {
		p.t.Errorf("the server took %v to end, promised are 5s", took)
	}
}
