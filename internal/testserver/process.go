package testserver

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTimeout bounds the wait for a server's port, on a machine that is busy
// with the race detector.
const startTimeout = 20 * time.Second

// Process is a server that belongs to one test. Its methods fail the test when
// they cannot do what they say; all may be called from any goroutine of the
// test, and in any state: killing a paused or dead process is fine.
type Process struct {
	Addr string // 127.0.0.1:port
	Port int
	Dir  string // the server's working directory

	t       testing.TB
	bin     string
	args    []string
	answers func() bool // nil: whoever accepts connections answers

	mu   sync.Mutex
	proc *os.Process
	dead chan struct{} // closed once proc has been reaped
}

// Start runs the server called name with the arguments that args makes of a
// free port and an empty directory, and returns when it accepts connections.
// It is killed when the test ends, also when the test binary dies (on Linux).
// Output goes to a log in Dir, and to the test's log when the test has failed.
func Start(t testing.TB, name string, args func(port int, dir string) []string) *Process {
	t.Helper()
	return start(&Process{t: t, bin: lookPath(t, name), Dir: t.TempDir()}, args)
}

func start(p *Process, args func(port int, dir string) []string) *Process {
	t := p.t
	t.Helper()
	t.Cleanup(p.cleanup)
	var err error
	for range 5 { // another process may take the port between its choice and its use
		p.setPort(freePort(t))
		p.args = args(p.Port, p.Dir)
		if err = p.start(); err == nil {
			return p
		}
	}
	t.Fatalf("start %s: %v", filepath.Base(p.bin), err)
	return nil
}

// Kill ends the process with SIGKILL and returns when it is gone.
func (p *Process) Kill() {
	p.mu.Lock()
	proc, dead := p.proc, p.dead
	p.mu.Unlock()
	if proc == nil {
		return
	}
	_ = proc.Kill() // an error means that it has ended already
	<-dead
}

// Restart kills the process if it runs, starts it anew on the same port and in
// the same directory, and returns when it accepts connections.
func (p *Process) Restart() {
	p.t.Helper()
	p.Kill()
	var err error
	for range 5 { // another test may be trying the port, for a moment
		if err = p.start(); err == nil {
			return
		}
	}
	p.t.Errorf("restart %s: %v", filepath.Base(p.bin), err)
}

// Pause stops the process with SIGSTOP: the kernel still accepts connections
// and bytes for it, and no answer comes.
func (p *Process) Pause() { p.t.Helper(); p.signal(syscall.SIGSTOP) }

// Resume continues a paused process. It then works off what has piled up.
func (p *Process) Resume() { p.t.Helper(); p.signal(syscall.SIGCONT) }

func (p *Process) signal(s os.Signal) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.proc.Signal(s); err != nil {
		p.t.Errorf("send %v to %s: %v", s, filepath.Base(p.bin), err)
	}
}

// start runs the process and waits until it answers.
func (p *Process) start() error {
	log, err := os.OpenFile(p.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.bin, p.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Dir, log, log
	cmd.SysProcAttr = dieWithParent()
	started, dead := make(chan error, 1), make(chan struct{})
	go run(cmd, started, dead)
	if err := <-started; err != nil {
		return err
	}
	p.mu.Lock()
	p.proc, p.dead = cmd.Process, dead
	p.mu.Unlock()
	return p.waitUntilUp(dead)
}

// run keeps its thread while the process lives: the kernel's parent-death
// signal is tied to the thread that has forked.
func run(cmd *exec.Cmd, started chan<- error, dead chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(dead)
	err := cmd.Start()
	started <- err
	if err == nil {
		_ = cmd.Wait() // it ends by a signal; how, is of no interest
	}
}

func (p *Process) waitUntilUp(dead <-chan struct{}) error {
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); {
		conn, err := net.DialTimeout("tcp", p.Addr, time.Second)
		if err == nil {
			conn.Close()
		}
		select {
		case <-dead: // whoever accepted, it was not this process
			return fmt.Errorf("ended at once; its log says: %s", p.log())
		case <-time.After(5 * time.Millisecond):
		}
		if err == nil && (p.answers == nil || p.answers()) {
			return nil
		}
	}
	p.Kill()
	return fmt.Errorf("no answer from %s within %v; its log says: %s", p.Addr, startTimeout, p.log())
}

func (p *Process) cleanup() {
	p.Kill()
	if p.t.Failed() {
		p.t.Logf("log of %s on port %d:\n%s", filepath.Base(p.bin), p.Port, p.log())
	}
}

func (p *Process) setPort(port int) {
	p.Port, p.Addr = port, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

func (p *Process) logPath() string { return filepath.Join(p.Dir, filepath.Base(p.bin)+".log") }

// log returns the end of what the process has printed.
func (p *Process) log() []byte {
	text, _ := os.ReadFile(p.logPath())
	return text[max(0, len(text)-4096):]
}

func freePort(t testing.TB) int {
	t.Helper()
	ln := listenAnywhere(t)
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// listenAnywhere picks from below the range that Linux hands out to outgoing
// connections, so that no client takes the port while its server restarts.
func listenAnywhere(t testing.TB) net.Listener {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		if ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port)); err == nil {
			return ln
		}
	}
	t.Fatal("no free port between 20000 and 32000")
	return nil
}

// lookPath skips the test where the server is not installed.
func lookPath(t testing.TB, name string) string {
	t.Helper()
	bin, err := exec.LookPath(name)
	if err == nil {
		return bin
	}
	missing := fmt.Sprintf("%s is not installed (on Debian: apt-get install %s)", name, debianPackage(name))
	if os.Getenv("WX_TEST_SERVERS") == "required" {
		t.Fatal(missing + ", and WX_TEST_SERVERS=required forbids to skip")
	}
	t.Skip(missing + "; set WX_TEST_SERVERS=required to fail instead of skipping")
	return ""
}

func debianPackage(name string) string {
	switch name {
	case "redis-cli":
		return "redis-tools"
	case "valkey-cli":
		return "valkey-tools"
	default:
		return name
	}
}
