package wxapi_test

import (
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
)

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]wxapi.Config{
		"no appid":             {Secret: "s"},
		"an appid with &":      {AppID: "wx&1", Secret: "s"},
		"a long appid":         {AppID: strings.Repeat("w", 65), Secret: "s"},
		"no secret":            {AppID: "wx1"},
		"a secret with a line": {AppID: "wx1", Secret: "s\n"},
		"a negative timeout":   {AppID: "wx1", Secret: "s", Timeout: -1},
		"an empty base":        {AppID: "wx1", Secret: "s", Bases: []string{""}},
		"a base without host":  {AppID: "wx1", Secret: "s", Bases: []string{"https://"}},
		"a base with scheme":   {AppID: "wx1", Secret: "s", Bases: []string{"ftp://x"}},
		"a base with query":    {AppID: "wx1", Secret: "s", Bases: []string{"https://x", "https://x?a"}},
		"a base with fragment": {AppID: "wx1", Secret: "s", Bases: []string{"https://x#a"}},
		"a base with password": {AppID: "wx1", Secret: "s", Bases: []string{"https://u:hunter22@x"}},
		"a base that is none":  {AppID: "wx1", Secret: "s", Bases: []string{"https://u:hunter22@[x"}},
	} {
		c, err := wxapi.New(cfg)
		if err == nil || c != nil {
			t.Errorf("%s was accepted", name)
		} else if strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
