package testserver

import (
	"strconv"
	"testing"
)

// StartMemcached runs a memcached with 64 MiB. It forgets everything when it
// is restarted.
func StartMemcached(t testing.TB, extra ...string) *Process {
	t.Helper()
	return Start(t, "memcached", func(port int, _ string) []string {
		// Started by root, it asks for a user: a change of user would lose the
		// parent-death signal. Started by others, it ignores the flag.
		args := []string{"-l", "127.0.0.1", "-p", strconv.Itoa(port), "-U", "0", "-u", "root"}
		return append(args, extra...)
	})
}
