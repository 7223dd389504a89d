package memory

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/wxsession/wxsession/core"
)

var errDSN = errors.New("memory: malformed DSN: want memory:// or memory://?max=N")

// Open returns the store that a DSN describes:
//
//	memory://           no bound
//	memory://?max=N     at most N entries (0: no bound); see Options.Max
//
// Anything else in the DSN is an error. The store is a *Store: close it when it
// is no longer needed.
func Open(ctx context.Context, dsn string) (core.Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	return New(o)
}

// parse keeps the DSN out of its errors: one that was meant for another store
// may hold a password.
func parse(dsn string) (Options, error) {
	rest, ok := strings.CutPrefix(dsn, "memory://")
	if !ok || rest != "" && rest[0] != '?' {
		return Options{}, errDSN
	}
	query, err := url.ParseQuery(strings.TrimPrefix(rest, "?"))
	if err != nil {
		return Options{}, errDSN
	}
	return options(query)
}

func options(query url.Values) (o Options, err error) {
	for name, values := range query {
		if name != "max" {
			return o, fmt.Errorf("memory: unknown option %q: the only one is max", name)
		}
		o.Max, err = strconv.Atoi(values[0])
		if err != nil || o.Max < 0 || len(values) > 1 {
			return o, errors.New("memory: the option max must be given once, as a whole number from 0")
		}
	}
	return o, nil
}
