package main

import (
	"encoding/json"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/internal/testserver"
)

// TestDoctorTellsOfPartsThatAreOff: half of the variables of the tokens looks like
// a service that signs, and has no routes.
func TestDoctorTellsOfPartsThatAreOff(t *testing.T) {
	service(t, map[string]string{"WX_ISSUER": "https://login.example.com", "WX_SCAN_PAGE": "p", "WX_STORE_URL": password, "WX_APPS": ""})
	run(t, "doctor").want(t, exitOK,
		"\nwarn  environment         WX_STORE_URL is no variable of ours",
		"\nwarn  signed-tokens       WX_ISSUER does nothing without WX_SIGNING_KEYS: there are no token routes",
		"\nok    signed-tokens       off: there are no token routes",
		"\nwarn  scan-login          WX_SCAN_PAGE does nothing without WX_SCAN_LOGIN: there are no scan routes")
	run(t, "doctor", "--strict").want(t, exitWarned)
	service(t, map[string]string{"WX_SCAN_LOGIN": "true", "WX_COOKIE": "__Host-wx", "WX_SCAN_PAGE": "p", "WX_APPS": ""})
	run(t, "doctor").want(t, exitOK, "\nok    scan-login          on: the service starts with its variables")
}

func listenSilently(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.Addr().String()
}

func goodRedis(t *testing.T) string {
	t.Helper()
	return testserver.StartRedis(t, "--maxmemory", "100mb", "--requirepass", password).Addr
}

func TestDoctorsExitStatus(t *testing.T) {
	good := "redis://:" + password + "@" + goodRedis(t) + "?timeout=8s"
	for _, tt := range []struct {
		store           string
		status, strict  int
		worst, lastLine string
	}{
		{good, exitOK, exitOK, "ok", " ok, 0 warn, 0 fail, 0 skip"},
		{good + "&prefix=shop:", exitOK, exitOK, "ok", ""},
		{"memory://", exitOK, exitWarned, "warn", " 1 warn, 0 fail"},
		{"redis://127.0.0.1:1", exitFound, exitFound, "fail", " 1 fail"},
		{"redis://:" + password + "x@" + good[len("redis://:"+password+"@"):], exitFound, exitFound, "fail", " 1 fail"},
	} {
		service(t, map[string]string{"WX_STORE": tt.store, "WX_APPS": ""})
		r := run(t, "doctor").want(t, tt.status, tt.lastLine)
		if lines := strings.Split(strings.TrimSpace(r.out), "\n"); !strings.Contains(lines[len(lines)-1], tt.lastLine) || r.err != "" {
			t.Errorf("the last line is %q; on the standard error %q", lines[len(lines)-1], r.err)
		}
		run(t, "doctor", "--strict").want(t, tt.strict)
		r = run(t, "doctor", "--json", "--strict").want(t, tt.strict)
		var report doctorReport
		if err := json.Unmarshal([]byte(r.out), &report); err != nil || string(report.Status) != tt.worst {
			t.Errorf("%s: %v, %s", tt.store, err, r.out)
		}
	}
	wantStrictAboutRights(t)
	service(t, map[string]string{"WX_STORE": "redis://" + listenSilently(t)})
	began := time.Now()
	run(t, "doctor", "--timeout", "300ms").want(t, exitFound, "fail  time", "--timeout")
	if took := time.Since(began); took > 2500*time.Millisecond { // what a single step may take is more
		t.Errorf("--timeout 300ms took %v", took)
	}
}

// wantStrictAboutRights: a pipeline that passes has to have looked at what logs
// everybody out.
func wantStrictAboutRights(t *testing.T) {
	t.Helper()
	addr := testserver.StartRedis(t, "--maxmemory", "100mb").Addr
	for right, strict := range map[string]int{"-info": exitWarned, "+info": exitOK} {
		testserver.Redis(t, addr, "ACL", "SETUSER", "wx", "on", ">"+password, "~*", "+@all", right, "-time") // -time: not what it is for
		service(t, map[string]string{"WX_STORE": "redis://wx:" + password + "@" + addr + "?timeout=8s", "WX_APPS": ""})
		run(t, "doctor").want(t, exitOK, " 0 warn, 0 fail")
		r := run(t, "doctor", "--strict").want(t, strict)
		if told := r.err == "wxsession: --strict: 4 of the skipped checks want a right\n"; told != (strict != exitOK) {
			t.Errorf("%s: on the standard error %q", right, r.err)
		}
		r = run(t, "doctor", "--json", "--strict").want(t, strict)
		if n := strings.Count(r.out, `"denied": true`); n != 4 && strict != exitOK || n != 0 && strict == exitOK {
			t.Errorf("%s: %d checks are denied: %s", right, n, r.out)
		}
	}
}

// TestTheFormOfJSON: programs read it. Members may be added; a change of those
// that are here breaks them.
func TestTheFormOfJSON(t *testing.T) {
	var text strings.Builder
	p := &program{out: &text}
	r := &doctorReport{Version: "v1.2.3", Status: doctor.OK, Checks: []doctor.Check{}}
	for _, c := range []doctor.Check{
		{Name: "store.dsn", Status: doctor.OK, Message: "it is <well> & formed"}, {Name: "keys", Status: doctor.Warn, Message: "w", Advice: "a"},
		{Name: "store.write", Status: doctor.Fail, Message: "f", Advice: "b"}, {Name: "store.clock", Status: doctor.Skip, Message: "s"},
		{Name: "keys", Status: doctor.Warn, Message: "w2", Advice: "a"},
	} {
		r.add(c)
	}
	if err := p.printReport(r); err != nil {
		t.Fatal(err)
	}
	golden(t, "doctor.json.golden", text.String())

	service(t, map[string]string{"WX_STORE": "redis://127.0.0.1:1"})
	var loose map[string]any
	if err := json.Unmarshal([]byte(run(t, "doctor", "--json").out), &loose); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(loose)); !slices.Equal(got, []string{"checks", "counts", "status", "version"}) {
		t.Errorf("the members are %q", got)
	}
	for _, c := range loose["checks"].([]any) {
		for name, value := range c.(map[string]any) {
			if text, ok := value.(string); !ok || text == "" || !slices.Contains([]string{"name", "status", "message", "advice"}, name) {
				t.Errorf("a check has %s: %v", name, value)
			}
		}
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	for _, tt := range []struct {
		terminal bool
		env      map[string]string
		want     bool
	}{
		{true, nil, true},
		{true, map[string]string{"TERM": "xterm"}, true},
		{false, nil, false},
		{true, map[string]string{"NO_COLOR": "1"}, false},
		{true, map[string]string{"TERM": "dumb"}, false},
	} {
		if got := wantsColours(tt.terminal, func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("a terminal %v, %v: colours %v", tt.terminal, tt.env, got)
		}
	}
}

func TestLinesAndColours(t *testing.T) {
	service(t, map[string]string{"WX_STORE": "redis://127.0.0.1:1", "WX_KEYS": ""})
	plain := run(t, "doctor").want(t, exitFound,
		"\nwarn  keys                WX_KEYS is not set", " — make one with `wxsession keygen`",
		"\nfail  store.connect       nothing listens at 127.0.0.1:1 — start the server",
		"ok    environment         every variable can be read\n")
	if strings.Contains(plain.out, "\x1b") {
		t.Errorf("colours, and no terminal: %q", plain.out)
	}
	coloured := (&program{in: strings.NewReader(""), colours: true}).with(t.Context(), t, "doctor").want(t, exitFound,
		"\x1b[32mok  \x1b[0m  environment", "\x1b[33mwarn\x1b[0m  keys", "\x1b[31mfail\x1b[0m  store.connect", "\x1b[2mskip\x1b[0m  store.write")
	if strings.Contains((&program{in: strings.NewReader(""), colours: true}).with(t.Context(), t, "doctor", "--json").out, "\x1b") {
		t.Errorf("colours in JSON: %q", coloured.out)
	}
}
