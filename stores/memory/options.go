package memory

import (
	"errors"
	"time"
)

// Options are the settings of a Store. The zero value of each field means its
// default.
type Options struct {
	// Max is the greatest number of entries; without a bound by default. An entry
	// that has expired counts until it is freed, a minute later at most. See the
	// package documentation for what happens at the bound.
	Max int

	// Now is the clock that values expire by; the monotonic clock by default. It is
	// called by many goroutines, one at a time. Steps back of this clock are as if
	// no time had passed.
	Now func() time.Time
}

var errMax = errors.New("memory: max must not be negative")

func (o Options) check() error {
	if o.Max < 0 {
		return errMax
	}
	return nil
}
