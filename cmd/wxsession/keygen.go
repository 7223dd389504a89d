package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
)

type keygenOptions struct {
	rotate, quiet bool
	signing       string
}

func (p *program) keygenCommand() *command {
	o := &keygenOptions{}
	f := newFlags("keygen")
	f.BoolVar(&o.rotate, "rotate", false, "read the present keys from the environment, and print each step of their replacement")
	f.StringVar(&o.signing, "signing", "", "make a key that signs tokens (WX_SIGNING_KEYS), of this `algorithm`: ed25519 or p256")
	f.BoolVar(&o.quiet, "quiet", false, "print the value alone; with --rotate, that of the first step")
	return &command{name: "keygen", flags: f, run: func(context.Context) error { return p.keygen(o) }, page: page{
		name: "wxsession keygen", purpose: "makes the keys that seal and sign",
		synopsis: []string{"wxsession keygen [--rotate] [--quiet]", "wxsession keygen --signing (ed25519 | p256) [--rotate] [--quiet]"},
		description: []string{
			"Prints a variable for the environment of all instances, NAME=value in a form that a shell reads; with --quiet the value alone. What it prints is secret: keep it where you keep WX_SECRET.",
			"Keys for a store in which there are sessions already: set WX_ACCEPT_CLEAR=true beside them for one lifetime, or everybody is logged out.",
			"With --rotate the new key first stands at the end, everywhere: then all instances can read what the first of them seals (or verify what it signs). Only then it stands in front. The older keys go last, when nothing depends on them: after one idle timeout; of signing keys, after ten minutes. The new signing key, too, is published ten minutes before it signs.",
		},
		sections: []section{{"ENVIRONMENT", []entry{
			{"WX_KEYS, WX_IDLE_TIMEOUT", "for --rotate: the present keys, and how long the older ones have to stay"},
			{"WX_SIGNING_KEYS", "for --signing --rotate: the present keys"},
		}}},
		exits: []entry{
			{"0", "it is done"},
			{"1", "the present keys are missing, or are none"},
			{"64", "the command line is wrong"},
		},
		examples: []entry{
			{"wxsession keygen", "A key that seals what is stored:"},
			{"export WX_KEYS=$(wxsession keygen --quiet)", "The same, into the environment of this shell:"},
			{`kubectl create secret generic wx-keys --from-literal="$(wxsession keygen)"`, "The same, into a secret of Kubernetes:"},
			{"wxsession keygen --rotate", "Its replacement, in three steps:"},
			{"wxsession keygen --signing ed25519", "A key that signs tokens for other services:"},
		},
	}}
}

// keyKind is one of the two variables that hold keys.
type keyKind struct {
	variable string
	first    string // how to make the first one
	make     func() (string, error)
	check    func(all []string) error
	steps    [3]string
}

func (p *program) keygen(o *keygenOptions) error {
	kind, err := p.keyKind(o.signing)
	if err != nil {
		return err
	}
	if o.rotate {
		return p.rotate(kind, o.quiet)
	}
	key, err := kind.make()
	if err != nil {
		return err
	}
	return p.printKeys(kind, []string{key}, o.quiet)
}

func (p *program) keyKind(signing string) (keyKind, error) {
	switch signing {
	case "":
		return p.sealing(), nil
	case "ed25519":
		return signingKind(signing, func() (any, error) {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			return key, err
		}), nil
	case "p256":
		return signingKind(signing, func() (any, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }), nil
	}
	return keyKind{}, usageError("--signing makes ed25519 or p256")
}

func (p *program) printKeys(k keyKind, keys []string, quiet bool) error {
	text := strings.Join(keys, ",")
	if !quiet {
		text = k.variable + "=" + shellWord(text)
	}
	_, err := fmt.Fprintln(p.out, text)
	return err
}

// shellWord quotes what a shell would not take as it is: an older key may be any
// text of 32 bytes.
func shellWord(s string) string {
	if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=,-_.:") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// rotate prints comments and assignments, one for each step.
func (p *program) rotate(k keyKind, quiet bool) error {
	text := p.getenv(k.variable)
	if text == "" {
		return fmt.Errorf("%s is not set, so there is nothing to replace: %s makes the first key", k.variable, k.first)
	}
	var old []string
	for key := range strings.SplitSeq(text, ",") {
		old = append(old, strings.TrimSpace(key))
	}
	if err := k.check(old); err != nil {
		return err
	}
	key, err := k.fit(old)
	if err != nil {
		return err
	}
	last := append(old[:len(old):len(old)], key)
	if quiet {
		return p.printKeys(k, last, true)
	}
	for i, keys := range [][]string{last, append([]string{key}, old...), {key}} {
		fmt.Fprintf(p.out, "# %d. %s\n", i+1, k.steps[i])
		if err := p.printKeys(k, keys, false); err != nil {
			return err
		}
	}
	return nil
}

// fit makes a key that can stand beside the old ones: once in a while one cannot,
// as they are told apart by two bytes.
func (k keyKind) fit(old []string) (string, error) {
	for range 100 {
		key, err := k.make()
		if err != nil {
			return "", err
		}
		if k.check(append(old[:len(old):len(old)], key)) == nil {
			return key, nil
		}
	}
	return "", errors.New("no new key fits beside the present ones")
}

func (p *program) sealing() keyKind {
	idle := "one idle timeout (WX_IDLE_TIMEOUT, 72h if it is not set)"
	if d, err := time.ParseDuration(p.getenv("WX_IDLE_TIMEOUT")); err == nil {
		idle = fmt.Sprintf("one idle timeout (%v)", d)
	}
	return keyKind{
		variable: "WX_KEYS", first: "`wxsession keygen`",
		make: func() (string, error) {
			key := make([]byte, 32)
			rand.Read(key) // never fails: see crypto/rand
			return base64.StdEncoding.EncodeToString(key), nil
		},
		check: func(all []string) error {
			var cfg core.Config
			for _, key := range all {
				cfg.Keys = append(cfg.Keys, core.NewSecret(key))
			}
			_, err := core.NewInspector(cfg, "")
			return err
		},
		steps: [3]string{
			"Set this on all instances, one after the other. The new key opens, and seals nothing yet.",
			"When all instances run with that, set this on all of them. The new key seals.",
			"When all instances have run with that for " + idle + ", set this. The older keys are gone.",
		},
	}
}
