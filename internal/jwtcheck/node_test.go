package jwtcheck

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestNodeTakesOurTokensAcrossARotation(t *testing.T) {
	dir := install(t)
	for name, keys := range rotations(t) {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, keys[0])
			node := startNode(t, dir, b.keysURL())
			before := b.token(audience)
			b.check(node.verify(before).Claims)

			b.restart(keys[1], keys[0])
			after := b.token(audience)
			if got := node.verify(after); got.Header.Typ != "JWT" || got.Header.Kid == "" {
				t.Errorf("the header is %+v", got.Header)
			} else {
				b.check(got.Claims)
			}
			b.check(node.verify(before).Claims)
			if got := node.verify(b.token("billing")); got.Error != "ERR_JWT_CLAIM_VALIDATION_FAILED" {
				t.Errorf("a token for another audience: %+v", got)
			}
			dot := strings.LastIndex(after, ".")
			if got := node.verify(after[:dot+1] + strings.Repeat("A", 86)); got.Error != "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" {
				t.Errorf("a signature of zeros: %+v", got)
			}
			prints := node.ask(map[string]any{"thumbprints": true}).Thumbprints
			for kid, print := range prints {
				if kid != print {
					t.Errorf("the key %s has the thumbprint %s", kid, print)
				}
			}
			if len(prints) != 2 {
				t.Errorf("published: %v", prints)
			}

			b.restart(keys[1])
			fresh := startNode(t, dir, b.keysURL())
			if got := fresh.verify(before); got.Error != "ERR_JWKS_NO_MATCHING_KEY" {
				t.Errorf("with a key that was withdrawn: %+v", got)
			}
			b.check(fresh.verify(after).Claims)
		})
	}
}

func TestWeTakeTokensOfNode(t *testing.T) {
	node := startNode(t, install(t), "http://127.0.0.1:1/")
	for _, alg := range []string{"EdDSA", "ES256"} {
		now := time.Now().Unix()
		got := node.ask(map[string]any{"alg": alg, "sign": map[string]any{
			"iss": issuerURL, "sub": "o-bob", "aud": []string{audience}, "iat": now, "exp": now + 60, "plan": plan,
		}})
		if c, err := verifies(t, got.JWKS, got.Token); err != nil || c.Subject != "o-bob" || c.Attr("plan") != plan {
			t.Errorf("%s: %v, %v (%s)", alg, c, err, got.Error)
		}
	}
}

// node is a process with testdata/service.mjs.
type node struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

type nodeReply struct {
	Error  string
	Claims claims
	Header struct{ Alg, Kid, Typ string }

	Thumbprints map[string]string
	Token       string
	JWKS        json.RawMessage
}

func startNode(t *testing.T, dir, keysURL string) *node {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	cmd := exec.CommandContext(ctx, "node", "service.mjs", keysURL, issuerURL, audience)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // ends it
		if err := cmd.Wait(); err != nil {
			t.Errorf("node: %v", err)
		}
		cancel()
	})
	return &node{t, in, bufio.NewScanner(out)}
}

func (n *node) ask(request any) (reply nodeReply) {
	n.t.Helper()
	if err := json.NewEncoder(n.in).Encode(request); err != nil {
		n.t.Fatal(err)
	}
	if !n.out.Scan() {
		n.t.Fatalf("node is gone: %v", n.out.Err())
	}
	if err := json.Unmarshal(n.out.Bytes(), &reply); err != nil {
		n.t.Fatalf("%s: %v", n.out.Bytes(), err)
	}
	return reply
}

func (n *node) verify(token string) nodeReply {
	n.t.Helper()
	return n.ask(map[string]string{"verify": token})
}

// install fetches jose and returns the folder that holds it, next to service.mjs.
func install(t *testing.T) string {
	t.Helper()
	needNode(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=2", "--fetch-timeout=20000")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "EINTEGRITY") || strings.Contains(string(out), "EUSAGE") {
		t.Fatalf("npm delivers something else than package-lock.json says:\n%s", out)
	}
	if err != nil {
		missing(t, "npm cannot fetch jose: let it reach a registry (npm config get registry)\n"+strings.TrimSpace(string(out)))
	}
	return dir
}

// oldestNode is the oldest that jose 5 runs on, and what Debian 12 has.
const oldestNode = 18

func needNode(t *testing.T) {
	t.Helper()
	const remedy = "; on Debian: apt-get install nodejs npm"
	out, err := exec.CommandContext(t.Context(), "node", "--version").Output()
	major, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(out)), "v"), ".")
	if n, _ := strconv.Atoi(major); err != nil || n < oldestNode {
		missing(t, "node "+strconv.Itoa(oldestNode)+" or newer is needed"+remedy)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		missing(t, "npm is needed"+remedy)
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

// TestLockNamesNoPlace: npm may write the address of a mirror into the lock
// file. What counts is the hash.
func TestLockNamesNoPlace(t *testing.T) {
	lock, err := os.ReadFile(filepath.Join("testdata", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(lock); strings.Contains(text, `"resolved"`) || strings.Contains(strings.ReplaceAll(text, "https://github.com/sponsors/", ""), "://") || strings.Count(text, `"integrity": "sha512-`) != 1 {
		t.Errorf("write package-lock.json with npm install --package-lock-only --omit-lockfile-registry-resolved:\n%s", text)
	}
}
