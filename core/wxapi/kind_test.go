package wxapi_test

import (
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
)

func TestKindsHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for k := wxapi.KindInvalidCode; k <= wxapi.KindRejected; k++ {
		if s := k.String(); s == "" || strings.HasPrefix(s, "kind ") || seen[s] {
			t.Errorf("kind %d is %q", int(k), s)
		}
		seen[k.String()] = true
	}
	if wxapi.Kind(0).String() != "kind 0" || (wxapi.KindRejected+1).String() != "kind 11" {
		t.Error("the set is not closed")
	}
}
