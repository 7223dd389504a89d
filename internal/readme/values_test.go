package readme

import (
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/stores"
)

// TestFormsAreTaken sets each variable to what its row shows as a form or as the
// default.
func TestFormsAreTaken(t *testing.T) {
	for variable, row := range rows(read(t, readmes[0]).table(t, "WX_APPID")) {
		for _, value := range append(spans(row[2]), spans(row[len(row)-1])...) {
			if strings.HasPrefix(value, "WX_") {
				continue
			}
			t.Run(variable+"="+value, func(t *testing.T) {
				t.Setenv(variable, value)
				if _, err := core.ConfigFromEnv(); err != nil {
					t.Error(err)
				}
				if _, err := weblogin.ConfigFromEnv(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	for _, value := range []string{"90m", "72h", "259200s"} {
		t.Setenv("WX_LIFETIME", value)
		if _, err := core.ConfigFromEnv(); err != nil {
			t.Errorf("WX_LIFETIME=%s: %v", value, err)
		}
	}
	t.Setenv("WX_LIFETIME", "259200")
	if _, err := core.ConfigFromEnv(); err == nil {
		t.Error("a duration without unit is taken")
	}
}

func TestDSNsAreTaken(t *testing.T) {
	for _, name := range readmes {
		n := 0
		for _, row := range read(t, name).table(t, "memory://") {
			for _, dsn := range spans(row[0]) {
				n++
				store, err := stores.Open(t.Context(), dsn)
				if err != nil {
					t.Errorf("%s: %s: %v", name, dsn, err)
					continue
				}
				_ = store.Close()
			}
		}
		if n < 6 {
			t.Errorf("%s shows %d DSNs", name, n)
		}
	}
}
