package memory

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/wxsession/wxsession/stores/internal/dsn"
)

var errDSN = errors.New("memory: malformed DSN: want memory:// or memory://?max=N")

// dsnOptions is the table in the documentation of Open.
var dsnOptions = []dsn.Option[Options]{
	{Name: "max", Want: "a number of entries from 0 up", Set: dsn.Number(0, math.MaxInt, func(o *Options, n int) { o.Max = n })},
}

// Open returns the store that a DSN describes:
//
//	memory://[?option=value]
//
//	option  default  meaning
//	max     0        the greatest number of entries; 0: no bound. See Options.Max
//
// Anything else in the DSN is an error, which does not quote it. Close the store
// when it is no longer needed.
func Open(ctx context.Context, dsn string) (*Store, error) {
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
func parse(text string) (o Options, err error) {
	rest, ok := strings.CutPrefix(text, "memory://")
	query, found := strings.CutPrefix(rest, "?")
	if !ok || rest != "" && !found {
		return o, errDSN
	}
	if err := dsn.Parse(&o, query, dsnOptions); err != nil {
		return o, fmt.Errorf("memory: %w", err)
	}
	return o, nil
}
