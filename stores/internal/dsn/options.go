// Package dsn reads the options in the DSNs of the stores: what follows the
// question mark. The stores differ in what precedes it.
//
// A DSN may hold a password, and where somebody has forgotten to percent-encode
// it, its parts may stand anywhere. So no error of this package quotes what it
// has read, except the name of an unknown option that looks like one, or is one of another
// store.
package dsn

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Option is one setting of S that a DSN may hold.
type Option[S any] struct {
	Name string
	Want string // what a value looks like, for errors
	// Set puts the value into s, and reports whether it was a good one.
	Set func(s *S, value string) bool
}

// ErrMalformed means that the text is no query of a URL.
var ErrMalformed = errors.New("the DSN is malformed: characters such as / ? # @ & % and white space, in a password or another value, must be percent-encoded")

// Parse puts into s what query says. An option that is not in the table, that is
// given twice, or whose value is not what it wants, is an error.
func Parse[S any](s *S, query string, options []Option[S]) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return ErrMalformed
	}
	for _, name := range slices.Sorted(maps.Keys(values)) { // of several errors always the same one
		i, v := slices.IndexFunc(options, func(o Option[S]) bool { return o.Name == name }), values[name]
		if i < 0 {
			return unknown(name, options)
		}
		if len(v) != 1 || !options[i].Set(s, v[0]) {
			return fmt.Errorf("the DSN's option %s wants one value: %s", name, options[i].Want)
		}
	}
	return nil
}

// anyStores are the options of all stores. Whoever changes from one to another may
// leave one of them behind, and no password is one of these words.
var anyStores = []string{
	"buffer", "cache", "conns", "db", "flush_delay", "insecure_skip_verify", "max", "max_conns", "max_idle", "prefix",
	"sentinel_password", "sentinel_user", "timeout", "tls", "tls_ca", "tls_server_name", "wait_replicas", "wait_timeout",
}

// Quotable reports whether errors may name the option: it is some store's.
func Quotable(name string) bool { return slices.Contains(anyStores, name) }

func unknown[S any](name string, options []Option[S]) error {
	quoted := ""
	if Quotable(name) {
		quoted = fmt.Sprintf(" %q", name)
	}
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.Name
		if near(fold(name), fold(o.Name)) {
			quoted = fmt.Sprintf(" %q", name)
		}
	}
	return errors.New("unknown option" + quoted + " in the DSN; known are " + strings.Join(names, ", "))
}

func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
}

// near reports whether name is the option, or a slip of one letter in it. Any other
// word may be the rest of a password that holds a question mark. To three letters
// many words are near.
func near(name, option string) bool {
	if name == option || len(option) <= 3 {
		return name == option
	}
	start := 0
	for start < min(len(name), len(option)) && name[start] == option[start] {
		start++
	}
	name, option = name[start:], option[start:]
	if len(name) == len(option) && len(name) > 1 && name[:2] == option[1:2]+option[:1] {
		return name[2:] == option[2:] // two letters are swapped
	}
	end := 0
	for end < min(len(name), len(option)) && name[len(name)-1-end] == option[len(option)-1-end] {
		end++
	}
	return max(len(name), len(option))-end <= 1
}

// Number takes whole numbers from low to high.
func Number[S any](low, high int, set func(*S, int)) func(*S, string) bool {
	return func(s *S, v string) bool {
		n, err := strconv.Atoi(v)
		if err != nil || n < low || n > high {
			return false
		}
		set(s, n)
		return true
	}
}

// Duration takes what time.ParseDuration takes, from low to high.
func Duration[S any](low, high time.Duration, set func(*S, time.Duration)) func(*S, string) bool {
	return func(s *S, v string) bool {
		d, err := time.ParseDuration(v)
		if err != nil || d < low || d > high {
			return false
		}
		set(s, d)
		return true
	}
}

// Bool takes what strconv.ParseBool takes.
func Bool[S any](set func(*S, bool)) func(*S, string) bool {
	return func(s *S, v string) bool {
		b, err := strconv.ParseBool(v)
		if err == nil {
			set(s, b)
		}
		return err == nil
	}
}

// Text takes any text but the empty one.
func Text[S any](set func(*S, string)) func(*S, string) bool {
	return func(s *S, v string) bool {
		set(s, v)
		return v != ""
	}
}
