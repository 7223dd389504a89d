package demo

import (
	"strings"
	"testing"
)

func TestOnlyPagesOfThisServerTurnControls(t *testing.T) {
	w := newWorld(t)
	host := strings.TrimPrefix(w.url, "http://")
	for _, c := range []struct {
		what   string
		header []string
		status int
	}{
		{"curl", nil, 200},
		{"the page", []string{"Sec-Fetch-Site", "same-origin", "Origin", w.url}, 200},
		{"a browser without Sec-Fetch-Site", []string{"Origin", w.url}, 200},
		{"another website", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"another port of this host", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"}, 403},
		{"another website in an old browser", []string{"Origin", "https://evil.example"}, 403},
		{"a sandboxed page", []string{"Origin", "null"}, 403},
		{"a website that points its name here", []string{"Host", "evil.example:80", "Origin", "http://evil.example:80", "Sec-Fetch-Site", "same-origin"}, 403},
		{"a form of another website", []string{"Sec-Fetch-Site", "cross-site", "Content-Type", "text/plain"}, 403},
		{"localhost", []string{"Host", "localhost" + host[strings.Index(host, ":"):]}, 200},
	} {
		for _, control := range [][2]string{{"store", `{"down":false}`}, {"wechat", `{"mood":"well"}`}, {"clock", `{"advance":"1s"}`}} {
			if r := w.send("POST", "/devtools/"+control[0], control[1], c.header...); r.status != c.status {
				t.Errorf("%s turns %s: %d, want %d", c.what, control[0], r.status, c.status)
			}
		}
		if r := w.send("GET", "/devtools/state", "", c.header...); r.status != c.status && c.header[0] != "Origin" {
			t.Errorf("%s reads the state: %d, want %d", c.what, r.status, c.status)
		}
	}
}

func TestTheStreamIsForPagesOfThisServer(t *testing.T) {
	w := newWorld(t)
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Host", "evil.example"},
	} {
		if r := w.send("GET", "/devtools/events", "", header...); r.status != 403 {
			t.Errorf("with %v the stream is answered %d", header, r.status)
		}
	}
	if w.sim.tap.journal.watched() {
		t.Error("somebody who was refused is still a reader")
	}
}

func TestThePageAnswersUnderNamesThatAreOurs(t *testing.T) {
	t.Setenv("ADDR", "Box.Example:8080")
	w := newWorld(t)
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST:1": 200, "localhost.": 200, "demo.localhost:8080": 200,
		"127.0.0.1:8080": 200, "192.168.1.7": 200, "[::1]:8080": 200, "[fe80::1]": 200,
		"box.example:8080": 200, "box.example": 200,
		"evil.example": 403, "localhost.evil.example:8080": 403, "xlocalhost": 403, "127.0.0.1.evil.example": 403, "box.example.evil": 403,
	} {
		for _, path := range []string{"/", "/devtools/code?user=alice", "/devtools/state"} {
			if r := w.send("GET", path, "", "Host", host); r.status != status {
				t.Errorf("as %s %s is answered %d, want %d", host, path, r.status, status)
			}
		}
	}
	// A link from elsewhere leads to the page.
	if r := w.send("GET", "/", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"); r.status != 200 {
		t.Errorf("a link from elsewhere is answered %d", r.status)
	}
}

func TestTheHostInAddr(t *testing.T) {
	for addr, want := range map[string]string{"": "", ":8080": "", "0.0.0.0:80": "0.0.0.0", "Demo:80": "demo", "nonsense": ""} {
		if got := hostOf(addr); got != want {
			t.Errorf("the host in ADDR=%s is %q, want %q", addr, got, want)
		}
	}
}
