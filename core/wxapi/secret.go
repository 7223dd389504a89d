package wxapi

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is text that does not show itself: fmt with every verb, slog and the
// encoders of JSON, YAML and XML see "[redacted]" in its place. It is decoded
// like a plain string, so it can stand in a configuration struct.
//
// Three places are out of its reach: an unexported struct field, whose methods
// fmt cannot call; a struct behind a pointer in another, printed with a verb
// that does not fit it (go vet reports those); and the keys of a map in JSON. A
// type that must never show the text keeps it in a closure.
type Secret string

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret from string concatenation by way of fmt.Stringer.
func (s Secret) String() string { return redacted }

// Format hides the secret from every verb of fmt, %#v and %x included.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the secret from JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText hides the secret from the other encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
