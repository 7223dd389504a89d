package wxapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
)

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]wxapi.Config{
		"no appid":             {Secret: "s"},
		"an appid with &":      {AppID: "wx&1", Secret: "s"},
		"a long appid":         {AppID: strings.Repeat("w", 65), Secret: "s"},
		"a secret as appid":    {AppID: plantedHex, Secret: "s"},
		"a secret, upper case": {AppID: strings.ToUpper(plantedHex), Secret: "s"},
		"a secret, mistyped":   {AppID: plantedHex + "!", Secret: "s"},
		"a secret twice":       {AppID: plantedHex + plantedHex + plantedHex, Secret: "s"},
		"a secret as base":     {AppID: "wx1", Secret: "s", Bases: []string{plantedHex}},
		"a secret in a base":   {AppID: "wx1", Secret: "s", Bases: []string{"https://x?secret=" + plantedHex}},
		"a secret as port":     {AppID: "wx1", Secret: "s", Bases: []string{"https://x:" + plantedHex}},
		"a secret with blank":  {AppID: "wx1", Secret: plantedHex + " "},
		"a long secret":        {AppID: "wx1", Secret: wxapi.Secret(strings.Repeat(plantedHex, 9))},
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
			continue
		}
		wantNoConfig(t, name, err)
		_, err = wxapi.NewComponent(cfg, func(context.Context) (wxapi.Secret, error) { return "", nil })
		if err != nil {
			wantNoConfig(t, name, err)
		} else if cfg.AppID == "wx1" && len(cfg.Bases) > 0 {
			t.Errorf("%s was accepted for a component", name)
		}
	}
}

// plantedHex has the shape of an AppSecret.
const plantedHex = "0123456789abcdef0123456789abcdef"

// wantNoConfig wants a text that quotes no value of the configuration.
func wantNoConfig(t *testing.T, name string, err error) {
	t.Helper()
	text := strings.ToLower(fmt.Sprintf("%v %+v %#v", err, err, err))
	for _, value := range []string{plantedHex, "hunter22", "wx&1", "ftp", "www"} {
		if strings.Contains(text, value) {
			t.Errorf("%s: %s", name, text)
		}
	}
}
