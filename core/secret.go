package core

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/wxsession/wxsession/core/internal/record"
)

const redacted = "[redacted]"

// Secret is text that a configuration holds and nothing shows: not fmt with any
// verb, not slog, JSON or YAML, and not where it stands in an unexported field
// of the application's own. It is decoded like a plain text. The zero Secret is
// none.
type Secret struct{ reveal func() string }

// NewSecret returns a Secret that holds text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{func() string { return text }}
}

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether s holds nothing.
func (s Secret) IsZero() bool { return s.reveal == nil }

// hidden returns a Secret that holds no more than that there was one.
func (s Secret) hidden() Secret { return NewSecret(s.shown()) }

func (s Secret) shown() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// String hides the secret.
func (s Secret) String() string { return s.shown() }

// Format hides the secret from every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.shown()) }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.shown()) }

// MarshalText hides the secret from JSON, YAML and other encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

// UnmarshalText reads the secret itself.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

var errKeys = errors.New("set Keys (WX_KEYS) to keys of 32 bytes in base64, newest first: make one with `wxsession keygen`")

// decodeKeys returns the keys that seal what is stored.
func decodeKeys(secrets []Secret) (keys [][]byte, err error) {
	for _, s := range secrets {
		key := decodeKey(s.Reveal())
		if key == nil {
			return nil, errKeys
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// decodeKey takes base64, or the 32 bytes themselves; nil for anything else.
func decodeKey(text string) []byte {
	if len(text) == record.KeyLen {
		return []byte(text)
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != record.KeyLen {
		return nil
	}
	return key
}
