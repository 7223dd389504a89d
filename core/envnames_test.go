package core

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestASlipInAVariablesNameIsAnError(t *testing.T) {
	for name, meant := range map[string]string{
		"WX_APP_ID": "WX_APPID", "WX_APPIDS": "WX_APPID", "WX_SECRETS": "WX_SECRET", "WX_IDLETIMEOUT": "WX_IDLE_TIMEOUT",
		"wx_appid": "WX_APPID", "Wx_Secret": "WX_SECRET", "WX_APPDI": "WX_APPID", "WX_SECERT": "WX_SECRET", "WX_SECRT": "WX_SECRET",
		"WXAPPID": "WX_APPID", "WX_KEY": "WX_KEYS", "WX_STROE": "WX_STORE", "WX_MAX_SESSION": "WX_MAX_SESSIONS", "WX_APP": "WX_APPS",
		"WX_COOKIES": "WX_COOKIE", "WX_SIGNING_KEY": "WX_SIGNING_KEYS", "WX_AUDIENCE": "WX_AUDIENCES", "WX_ACEPT_CLEAR": "WX_ACCEPT_CLEAR",
		"WX_TRUSTED_PROXY": "WX_TRUSTED_PROXIES", "WX_TRUSTEDPROXY": "WX_TRUSTED_PROXIES", "WX_TRUSTED_PROXYS": "WX_TRUSTED_PROXIES", "WX_SCAN_PAGES": "WX_SCAN_PAGE",
	} {
		errs := checkNames([]string{"PATH=/bin", name + "=marker"})
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), name+" ") || !strings.Contains(errs[0].Error(), meant+" ") || strings.Contains(errs[0].Error(), "marker") {
			t.Errorf("%s: %v, want an error that names %s", name, errs, meant)
		}
	}
	for _, name := range []string{"WX_PAY_MCHID", "WX_PAY_KEY", "WX_TEST_SERVERS", "WX_MP_TOKEN", "APPID", "_APPID", "WX", "WX_", "WINX_APPID",
		"FB_APPID", "QQ_APPID", "WC_PAY_APPID", "X_APP_SECRET", "x_appid", "W_STORE", "WX_PROXY", "WX_STORE_URL", "WX_ENTRY"} {
		if errs := checkNames([]string{name + "=x"}); len(errs) != 0 {
			t.Errorf("%s is the application's own: %v", name, errs)
		}
	}
	if errs := checkNames([]string{"WX_APP_ID="}); len(errs) != 0 {
		t.Errorf("a variable without a value: %v", errs)
	}
	t.Setenv("WX_APP_ID", "wx1")
	if _, err := ConfigFromEnv(); err == nil || !strings.Contains(err.Error(), "WX_APPID") {
		t.Errorf("ConfigFromEnv: %v", err)
	}
}

// TestASlipInThePrefixIsAnErrorWhereNoAppIsNamed: there the slip would leave the
// service without an app. Beside one, X_SECRET is another service's.
func TestASlipInThePrefixIsAnErrorWhereNoAppIsNamed(t *testing.T) {
	for name, meant := range map[string]string{
		"W_APPID": "WX_APPID", "X_APPID": "WX_APPID", "VX_APPID": "WX_APPID", "XW_APPID": "WX_APPID", "WC_APPID": "WX_APPID",
		"WXX_APPID": "WX_APPID", "X_SECRET": "WX_SECRET", "VX_APPS": "WX_APPS",
	} {
		errs := checkNames([]string{name + "=marker", "WX_APPID="})
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), name+" ") || !strings.Contains(errs[0].Error(), meant+" ") || strings.Contains(errs[0].Error(), "marker") {
			t.Errorf("%s: %v, want an error that names %s", name, errs, meant)
		}
	}
	for _, app := range []string{"WX_APPID=wx1", "WX_APPS=wx1:marker"} {
		if errs := checkNames([]string{"X_APPID=x", "X_SECRET=x", app, "VX_APPS=x"}); len(errs) != 0 {
			t.Errorf("beside an app of this one's: %v", errs)
		}
	}
}

func TestNoKnownNameIsASlipForAnother(t *testing.T) {
	for _, name := range envNames {
		if errs := checkNames([]string{name + "=x"}); len(errs) != 0 {
			t.Errorf("%s: %v", name, errs)
		}
	}
	for f := range reflect.TypeFor[Config]().Fields() {
		if name := f.Tag.Get("env"); name != "" && !slices.Contains(envNames, name) {
			t.Errorf("%s is read, and a slip in it is not noticed", name)
		}
	}
}
