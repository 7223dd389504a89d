package weblogin_test

import (
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestItUsesOnlyWhatCoreExports: whoever writes another package on top of core
// must be able to do the same.
func TestItUsesOnlyWhatCoreExports(t *testing.T) {
	const module = "github.com/wxsession/wxsession/"
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		seen++
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			host, _, _ := strings.Cut(imported, "/")
			if strings.Contains(host, ".") && !slices.Contains([]string{module + "core", module + "core/wxapi"}, imported) {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d files were looked at", seen)
	}
}
