package readme

import (
	"go/ast"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

var qualified = regexp.MustCompile(`\b([a-z][a-z0-9]*|Config|App)\.([A-Z]\w*)`)

// TestNamesExist looks for every exported name that the text mentions in code font.
func TestNamesExist(t *testing.T) {
	known := map[string]func(string) bool{
		"wx":     hasMethod(reflect.TypeFor[*core.Manager]()),
		"Config": hasField(reflect.TypeFor[core.Config]()),
		"App":    hasField(reflect.TypeFor[core.App]()),
		"s":      hasMethod(reflect.TypeFor[*core.Session]()),
	}
	for name, folder := range map[string]string{
		"core": "core", "ginwx": "ginwx", "nethttpwx": "nethttpwx", "stores": "stores", "redis": "stores/redis", "memcached": "stores/memcached",
		"memory": "stores/memory", "storetest": "stores/storetest", "weblogin": "core/weblogin", "wxtoken": "core/wxtoken", "wxtest": "core/wxtest",
		"wxapi": "core/wxapi", "echowx": "echowx", "wxotel": "wxotel",
	} {
		known[name] = hasExport(t, folder)
	}
	for _, name := range readmes {
		n := 0
		for _, s := range spans(read(t, name).prose) {
			for _, m := range qualified.FindAllStringSubmatch(s, -1) {
				if exists := known[m[1]]; exists != nil {
					n++
					if !exists(m[2]) {
						t.Errorf("%s: there is no %s (in %q)", name, m[0], s)
					}
				}
			}
		}
		if n < 40 {
			t.Errorf("%s mentions %d names: the test has lost its sight", name, n)
		}
	}
}

func hasMethod(t reflect.Type) func(string) bool {
	return func(name string) bool { _, ok := t.MethodByName(name); return ok }
}

func hasField(t reflect.Type) func(string) bool {
	return func(name string) bool { _, ok := t.FieldByName(name); return ok }
}

func hasExport(t *testing.T, folder string) func(string) bool {
	names := map[string]bool{}
	for _, f := range parsePackage(t, folder) {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				names[d.Name.Name] = names[d.Name.Name] || d.Recv == nil
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						names[s.Name.Name] = true
					case *ast.ValueSpec:
						names[s.Names[0].Name] = true
					}
				}
			}
		}
	}
	return func(name string) bool { return names[name] }
}

// TestRoutesAreThoseOfTheManager compares the table with what is mounted.
func TestRoutesAreThoseOfTheManager(t *testing.T) {
	wx, _, _ := newManager(t, func(c *core.Config) { c.PhoneRoute = true })
	for _, name := range readmes {
		var listed, mounted []string
		for _, row := range read(t, name).table(t, "POST /wx/login") {
			listed = append(listed, spans(row[0])[0])
		}
		for _, route := range wx.Routes() {
			mounted = append(mounted, route.Method+" "+route.Path)
		}
		if strings.Join(listed, "\n") != strings.Join(mounted, "\n") {
			t.Errorf("%s lists\n%s\nmounted are\n%s", name, strings.Join(listed, "\n"), strings.Join(mounted, "\n"))
		}
	}
}

// TestPackagesAreThere compares the last table with the folders.
func TestPackagesAreThere(t *testing.T) {
	for _, name := range readmes {
		listed := rows(read(t, name).table(t, "core"))
		for folder := range listed {
			if _, err := os.Stat(filepath.Join(root, folder)); err != nil {
				t.Errorf("%s: there is no package %s", name, folder)
			}
		}
		for _, file := range sourceFiles(t) {
			folder := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(filepath.ToSlash(file), root+"/")))
			if !strings.Contains(folder, "internal") && !strings.HasPrefix(folder, "examples") && folder != "." && listed[folder] == nil {
				t.Errorf("%s: the package %s has no row", name, folder)
			}
		}
	}
}
