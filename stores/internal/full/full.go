// Package full is how the stores say that they have no room left.
package full

// Error is the error of a write that found no room. It does not depend on the
// key: removing values helps, and so does a larger store.
type Error string

// New returns an Error with a text that names the store and the remedy.
func New(text string) error { return Error(text) }

func (e Error) Error() string { return string(e) }

// StoreFull is what others look for with errors.As, in any error that has this
// method: they need not know the store.
func (e Error) StoreFull() bool { return true }
