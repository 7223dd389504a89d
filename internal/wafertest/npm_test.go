package wafertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// install fetches the client packages and returns the folder that holds them,
// next to phone.js.
func install(t *testing.T) string {
	t.Helper()
	needNode(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	// Two quick retries: enough for a hiccup, and no minutes lost offline.
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline",
		"--fetch-retries=2", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000", "--fetch-timeout=20000")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return dir
	case strings.Contains(string(out), "EINTEGRITY"), strings.Contains(string(out), "EUSAGE"):
		t.Fatalf("npm delivers something else than package-lock.json says:\n%s", out)
	}
	missing(t, "npm cannot fetch the Wafer clients: let it reach a registry (npm config get registry)\n"+strings.TrimSpace(string(out)))
	return ""
}

// oldestNode is the first that brings an npm for lock files of version 3.
const oldestNode = 16

func needNode(t *testing.T) {
	t.Helper()
	const remedy = " (on Debian: apt-get install nodejs npm)"
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			missing(t, name+" is not installed"+remedy)
		}
	}
	out, _ := exec.CommandContext(t.Context(), "node", "--version").Output()
	version := strings.TrimSpace(string(out))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, _ := strconv.Atoi(major); n < oldestNode {
		missing(t, "node is "+strconv.Quote(version)+", version "+strconv.Itoa(oldestNode)+" or newer is needed"+remedy)
	}
}

// missing skips the test, unless that is forbidden.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("WX_TEST_SERVERS") == "required" {
		t.Fatal(what + "; WX_TEST_SERVERS=required forbids to skip")
	}
	t.Skip(what + "; set WX_TEST_SERVERS=required to fail instead of skipping")
}

// TestLockNamesNoPlace: npm writes the address of the registry that it was
// configured with into the lock file, and that may be a mirror which others
// cannot reach. The hashes are what counts.
func TestLockNamesNoPlace(t *testing.T) {
	lock, err := os.ReadFile(filepath.Join("testdata", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(lock)
	for _, place := range []string{`"resolved"`, "://", "file:"} {
		if strings.Contains(text, place) {
			t.Errorf("package-lock.json contains %s: write it with npm install --package-lock-only --omit-lockfile-registry-resolved", place)
		}
	}
	if n := strings.Count(text, `"integrity": "sha512-`); n != len(clients()) {
		t.Errorf("package-lock.json has %d hashes, want %d", n, len(clients()))
	}
}
