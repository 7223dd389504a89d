package core

import (
	"strings"
	"testing"
)

// TestAZeroIsNoWayToSayDefault: whoever sets 0 means none or no limit, and would
// get the default.
func TestAZeroIsNoWayToSayDefault(t *testing.T) {
	for name, c := range map[string]struct {
		zeros []string
		bound string
	}{
		"WX_IDLE_TIMEOUT":    {[]string{"0s", "0", "0h0m"}, "1s"},
		"WX_LIFETIME":        {[]string{"0s", "-0h"}, "ten years"},
		"WX_ROTATE_GRACE":    {[]string{"0s", "0ms"}, "over 0"},
		"WX_MAX_SESSIONS":    {[]string{"0", "00", "-0"}, "1 to 1000"},
		"WX_LIMIT_EXCHANGES": {[]string{"0", "+0"}, "1 to 1048576"},
	} {
		clearEnv(t)
		for _, zero := range c.zeros {
			t.Setenv(name, zero)
			_, err := ConfigFromEnv()
			if err == nil || !strings.Contains(err.Error(), name+" ") || !strings.Contains(err.Error(), "unset") || !strings.Contains(err.Error(), c.bound) {
				t.Errorf("%s=%s: %v; want an error that says to leave it unset, and %s", name, zero, err, c.bound)
			}
		}
		t.Setenv(name, "")
		if _, err := ConfigFromEnv(); err != nil {
			t.Errorf("%s unset: %v", name, err)
		}
	}
}
