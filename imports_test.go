// Package wxsession_test keeps the whole module in order: which package may
// import what, and which names are in use.
package wxsession_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/wxsession/wxsession"

// allowed says what the packages under a folder may import besides the
// standard library and what is under the same folder. The longest match counts.
var allowed = map[string][]string{
	"core":                       {"golang.org/x/sync"},
	"core/internal/record":       {},
	"core/wxapi":                 {},
	"core/wxtest":                {"github.com/boombuler/barcode"},
	"core/wxtoken":               {module + "/core", "github.com/go-jose/go-jose/v4"},
	"core/weblogin":              {module + "/core"},
	"core/adaptertest":           {module + "/core"},
	"ginwx":                      {module + "/core", "github.com/gin-gonic/gin"},
	"nethttpwx":                  {module + "/core"},
	"echowx":                     {module + "/core", "github.com/labstack/echo/v4"},
	"echowx/v5":                  {module + "/core", "github.com/labstack/echo/v5"},
	"examples/gin":               {module, "github.com/gin-gonic/gin"},
	"examples/echo":              {module, "github.com/labstack/echo/v4"},
	"examples/nethttp":           {module},
	"examples/internal/demo":     {module + "/core"},
	"examples/internal/demotest": {module + "/core"},
}

// onTop are packages that anybody could have written: of this module they know
// what core exports, and no package below it, although Go would let them.
var onTop = []string{"core/weblogin", "core/wxtoken"}

func TestPackagesOnTopKnowOnlyCore(t *testing.T) {
	seen := map[string]bool{}
	for file, imports := range sources(t) {
		folder := path.Dir(file)
		if !slices.Contains(onTop, folder) {
			continue
		}
		for _, imported := range imports {
			seen[folder] = seen[folder] || imported == module+"/core"
			if within(imported, module) && imported != module+"/core" && imported != module+"/core/wxapi" {
				t.Errorf("%s imports %s: what it needs must be exported by core", file, imported)
			}
		}
	}
	for _, folder := range onTop {
		if !seen[folder] {
			t.Errorf("no file in %s imports core", folder)
		}
	}
}

func TestDependenciesGoOneWay(t *testing.T) {
	seen := map[string]bool{}
	for file, imports := range sources(t) {
		folder := path.Dir(file)
		rule := ruleFor(folder)
		seen[rule] = true
		for _, imported := range imports {
			if !strings.Contains(strings.Split(imported, "/")[0], ".") || rule != "" && within(imported, module+"/"+rule) {
				continue
			}
			if rule != "" && !slices.ContainsFunc(allowed[rule], func(a string) bool { return within(imported, a) }) {
				t.Errorf("%s imports %s, which %s must not know", file, imported, rule)
			}
			if !within(folder, "examples") && within(imported, module+"/examples") {
				t.Errorf("%s imports %s: nothing builds on the examples", file, imported)
			}
			if within(imported, module+"/core/wxtest") && !within(folder, "examples") && !within(folder, "internal") && folder != "core/adaptertest" {
				t.Errorf("%s imports %s, which is for tests", file, imported)
			}
		}
	}
	for rule := range allowed {
		if !seen[rule] {
			t.Errorf("there is no Go file under %s", rule)
		}
	}
}

func ruleFor(folder string) string {
	for ; folder != "."; folder = path.Dir(folder) {
		if _, ok := allowed[folder]; ok {
			return folder
		}
	}
	return ""
}

func within(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

// sources returns the imports of all Go files of the module but the tests, by
// the file's slash-separated path.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	root := os.DirFS(".")
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && skipped(p, d.Name()):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(p), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			files[p] = append(files[p], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// skipped leaves out what is no part of the module.
func skipped(p, name string) bool {
	_, err := os.Stat(filepath.Join(filepath.FromSlash(p), "go.mod"))
	return err == nil || name == "testdata" || strings.HasPrefix(name, ".")
}
