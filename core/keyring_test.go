package core

import (
	"bytes"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
)

func secret(s string) wxapi.Secret { return wxapi.Secret(s) }

func ring(t *testing.T, keys ...byte) keyring {
	t.Helper()
	var raw [][]byte
	for _, k := range keys {
		raw = append(raw, bytes.Repeat([]byte{k}, 32))
	}
	r, err := newKeyring(raw)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestKeyringRotates(t *testing.T) {
	plain := []byte("session_key")
	old := ring(t, 1).seal("u:x", plain)
	if got, err := ring(t, 2, 1).open("u:x", old); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("with the new key in front: %v", err)
	}
	if _, err := ring(t, 1).open("u:x", ring(t, 2, 1).seal("u:x", plain)); err == nil {
		t.Error("the first key is not the one that encrypts")
	}
	if _, err := ring(t, 2).open("u:x", old); err == nil {
		t.Error("opened without the key")
	}
}

func TestSealedSecretsBelongToTheirRecord(t *testing.T) {
	r := ring(t, 1)
	sealed := r.seal("u:x", []byte("session_key"))
	if bytes.Contains(sealed, []byte("session_key")) {
		t.Error("sealed in clear")
	}
	if _, err := r.open("u:y", sealed); err == nil {
		t.Error("opened under another record's key")
	}
	for i := 1; i < len(sealed); i++ {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := r.open("u:x", bad); err == nil {
			t.Fatalf("a flipped bit in byte %d goes unnoticed", i)
		}
	}
}

func TestKeysCanBeAddedLater(t *testing.T) {
	var none keyring
	clear := none.seal("u:x", []byte("session_key"))
	if got, err := ring(t, 1).open("u:x", clear); err != nil || string(got) != "session_key" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := none.open("u:x", ring(t, 1).seal("u:x", nil)); err == nil {
		t.Error("opened without any key")
	}
}

func TestBadKeysAreRefused(t *testing.T) {
	_, err := newKeyring([][]byte{bytes.Repeat([]byte{1}, 32), []byte("marker-key")})
	if err == nil || !strings.Contains(err.Error(), "key 2") || strings.Contains(err.Error(), "marker") {
		t.Errorf("got %v", err)
	}
}
