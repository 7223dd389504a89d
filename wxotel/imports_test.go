package wxotel_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The SDK is the application's choice.
func TestNothingButTheAPIIsImported(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	allowed := []string{
		"github.com/wxsession/wxsession", "github.com/wxsession/wxsession/wxotel", "golang.org/x/sync",
		"go.opentelemetry.io/otel", "go.opentelemetry.io/otel/metric", "go.opentelemetry.io/otel/trace", "go.opentelemetry.io/otel/log",
		"go.opentelemetry.io/auto/sdk", "github.com/go-logr/logr", "github.com/go-logr/stdr", "github.com/cespare/xxhash/v2", // of the API
	}
	for module := range strings.FieldsSeq(string(out)) {
		if !slices.Contains(allowed, module) {
			t.Errorf("%s is imported", module)
		}
	}
}
