package weblogin_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestARealURLParserStaysOnThisHost asks the WHATWG's parser, which browsers
// use, where the Locations of odd targets lead; node has it.
func TestARealURLParserStaysOnThisHost(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		const remedy = "node is not installed (on Debian: apt-get install nodejs)"
		if os.Getenv("WX_TEST_SERVERS") == "required" {
			t.Fatal(remedy)
		}
		t.Skip(remedy)
	}
	w := newWorld(t, nil)
	phone := w.phone(t, w.site, "o-alice")
	var sent []string
	for to := range fine {
		a := w.newBrowser().send(t.Context(), "GET", w.ticket(t, phone, jsonOf(t, map[string]string{"to": to})).member("url"))
		sent = append(sent, a.header.Get("Location"))
	}
	const script = `
		const base = "https://shop.example.com/wx/enter?ticket=x";
		console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0)).map((to) => new URL(to, base).origin)));`
	cmd := exec.CommandContext(t.Context(), node, "-e", script)
	cmd.Stdin = strings.NewReader(jsonOf(t, append(sent, "//evil.example/")))
	out, err := cmd.Output()
	var origins []string
	if err != nil || json.Unmarshal(out, &origins) != nil || len(origins) != len(sent)+1 {
		t.Fatalf("node says %s, %v", out, err)
	}
	for i, to := range sent {
		if origins[i] != "https://shop.example.com" {
			t.Errorf("%q leads to %s", to, origins[i])
		}
	}
	if origins[len(sent)] != "https://evil.example" {
		t.Errorf("the check finds nothing: %s", origins[len(sent)])
	}
}
