package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"help", "doctor"}, {"help", "sessions"}, {"help", "keygen"}} {
		r := run(t, args...).want(t, exitOK)
		if r.err != "" {
			t.Errorf("%q: help goes to the standard error: %s", args, r.err)
		}
		golden(t, strings.Join(args, "-")+".golden", r.out)
	}
	page := run(t, "help").out
	for _, args := range [][]string{{"--help"}, {"-h"}} {
		if run(t, args...).out != page {
			t.Errorf("%q is another page than help", args)
		}
	}
	for _, name := range []string{"doctor", "keygen", "sessions list", "sessions end"} {
		words := strings.Fields(name)
		page := run(t, append([]string{"help"}, words...)...).want(t, exitOK, "wxsession "+name+" - ").out
		for _, dashes := range []string{"--help", "-h", "-help"} {
			if r := run(t, append(words, dashes)...); r.out != page || r.status != exitOK {
				t.Errorf("%s %s is another page than help %s", name, dashes, name)
			}
		}
	}
	if run(t, "sessions", "--help").out != run(t, "help", "sessions").out {
		t.Error("sessions --help is another page than help sessions")
	}
	run(t, "help", "docter").want(t, exitUsage, "docter")
}

// TestPagesAreComplete: each explains its options and how it may end, within the
// width of a terminal.
func TestPagesAreComplete(t *testing.T) {
	for _, c := range new(program).commands() {
		text := c.page.text(c.flags)
		for _, title := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES"} {
			if !strings.Contains(text, "\n"+title+"\n") && !strings.HasPrefix(text, title+"\n") {
				t.Errorf("%s: there is no %s", c.name, title)
			}
		}
		c.flags.VisitAll(func(f *flag.Flag) {
			if !strings.Contains(text, "    --"+f.Name) || f.Usage == "" {
				t.Errorf("%s: --%s is not explained", c.name, f.Name)
			}
		})
		examples := strings.Index(text, "EXAMPLES")
		for line := range strings.Lines(text[:examples]) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width+4 || n > width && !strings.HasPrefix(line, "    wxsession") {
				t.Errorf("%s: %d columns: %s", c.name, n, line)
			}
		}
	}
}

func TestMistakesInTheCommandLine(t *testing.T) {
	for line, want := range map[string][]string{
		"":                                    {"doctor, sessions list, sessions end, keygen, help"},
		"docter":                              {`"docter"`, "doctor, sessions list, sessions end, keygen, help"},
		"--verbose":                           {"--verbose", "--help and --version"},
		"doctor --vebose":                     {"--vebose", "--json, --strict, --timeout, --help"},
		"doctor -j":                           {"--j", "--json"},
		"doctor now":                          {`"now"`, "doctor knows --json"},
		"doctor --timeout":                    {"--timeout wants a value"},
		"doctor --timeout soon":               {"--timeout", `"soon"`},
		"doctor --timeout 0s":                 {"--timeout must be positive"},
		"sessions":                            {"list or end"},
		"sessions show":                       {"list or end"},
		"sessions list":                       {"--openid"},
		"sessions list --openid":              {"--openid wants a value", "--appid, --json, --openid"},
		"sessions end --openid o":             {"--id, or --all"},
		"sessions end --openid o --id i -all": {"--id, or --all"},
		"sessions end --openid o --all":       {"--yes"},
		"keygen --signing rsa":                {"ed25519 or p256"},
		"keygen --signing":                    {"--signing wants a value"},
	} {
		r := run(t, append(strings.Fields(line), []string{}...)...).want(t, exitUsage, want...)
		if r.out != "" {
			t.Errorf("%q: a mistake goes to the standard output: %s", line, r.out)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, word := range []string{"--version", "version"} {
		run(t, word).want(t, exitOK, "wxsession ", " go1.")
	}
}

// TestTheProgramItself: as a process, with the streams and the exit status of one.
func TestTheProgramItself(t *testing.T) {
	start := func(env []string, args ...string) *exec.Cmd {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self, args...)
		cmd.Env = append([]string{asProgram + "=1"}, env...)
		return cmd
	}
	status := func(err error) int {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		return 0
	}
	out, err := start(nil, "doctor").Output()
	if status(err) != exitFound || !strings.Contains(string(out), "fail  configuration") || strings.Contains(string(out), "\x1b") {
		t.Errorf("doctor without an environment: %v, %s", err, out)
	}
	cmd := start(nil, "sessions", "end", "--openid", "o", "--all")
	cmd.Stdin = strings.NewReader("y\n")
	if out, err := cmd.CombinedOutput(); status(err) != exitUsage || !strings.Contains(string(out), "--yes") {
		t.Errorf("sessions end without a terminal: %v, %s", err, out)
	}
	silent := listenSilently(t)
	cmd = start([]string{"WX_APPID=wx0123456789abcdef", "WX_SECRET=s", "WX_STORE=redis://" + silent, "WX_API_BASE=http://" + silent}, "doctor")
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(pipe, make([]byte, 4)); err != nil { // it works
		t.Fatal(err)
	}
	began := time.Now()
	_ = cmd.Process.Signal(syscall.SIGINT)
	_, _ = io.Copy(io.Discard, pipe)
	if err := cmd.Wait(); status(err) != exitInterrupted || time.Since(began) > 10*time.Second {
		t.Errorf("after SIGINT: %v, %v", err, time.Since(began))
	}
}

func TestInterrupted(t *testing.T) {
	service(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := (&program{in: strings.NewReader("")}).with(ctx, t, "doctor").want(t, exitInterrupted, "interrupted")
	if strings.Contains(r.out, "--timeout") {
		t.Errorf("an interrupt is taken for the time's end: %s", r.out)
	}
}
