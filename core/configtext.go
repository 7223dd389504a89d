package core

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// hidden returns a copy without secrets. The DSN keeps no more than its scheme.
func (c Config) hidden() Config {
	c.Secret = c.Secret.hidden()
	c.Apps = slices.Clone(c.Apps)
	for i := range c.Apps {
		c.Apps[i].Secret = c.Apps[i].Secret.hidden()
	}
	c.Store = hideDSN(c.Store)
	c.Keys = slices.Clone(c.Keys)
	for i := range c.Keys {
		c.Keys[i] = c.Keys[i].hidden()
	}
	return c
}

// hideDSN keeps the scheme, where there is one of a scheme's shape.
func hideDSN(dsn string) string {
	scheme, rest, found := strings.Cut(dsn, "://")
	switch {
	case dsn == "" || rest == "" && found && scheme == "memory":
		return dsn
	case found && len(scheme) < 20 && strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz+") == "":
		return scheme + "://" + redacted
	}
	return redacted
}

// plainConfig has none of Config's methods.
type plainConfig Config

// Format prints the configuration without its secrets, for every verb.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%+v", plainConfig(c.hidden())) }

// LogValue is for slog: without secrets.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// fileConfig is Config as it stands in a JSON file: durations as Go writes
// them. It shadows the fields of the same JSON names.
type fileConfig struct {
	*plainConfig
	IdleTimeout duration `json:"idle_timeout,omitempty"`
	Lifetime    duration `json:"lifetime,omitempty"`
	RotateGrace duration `json:"rotate_grace,omitempty"`
}

type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is no duration: write it like 72h or 90m, there is no unit for days", b)
	}
	*d = duration(v)
	return nil
}

// MarshalJSON writes the configuration without its secrets.
func (c Config) MarshalJSON() ([]byte, error) {
	c = c.hidden()
	return json.Marshal(fileConfig{(*plainConfig)(&c), duration(c.IdleTimeout), duration(c.Lifetime), duration(c.RotateGrace)})
}

// UnmarshalJSON reads durations as Go writes them ("72h").
func (c *Config) UnmarshalJSON(b []byte) error {
	f := fileConfig{(*plainConfig)(c), duration(c.IdleTimeout), duration(c.Lifetime), duration(c.RotateGrace)}
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	c.IdleTimeout, c.Lifetime, c.RotateGrace = time.Duration(f.IdleTimeout), time.Duration(f.Lifetime), time.Duration(f.RotateGrace)
	return nil
}

// MarshalYAML writes the configuration without its secrets; yaml.v2, v3 and
// goccy/go-yaml ask for it.
func (c Config) MarshalYAML() (any, error) { return plainConfig(c.hidden()), nil }
