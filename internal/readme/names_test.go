package readme

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"go/ast"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxtoken"
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
	for i, name := range papers() {
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
		if i < len(readmes) && n < 40 {
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

// TestFurtherRoutesNeedWhatTheirRowsSay: each row's route is mounted as soon as the
// variables of its third column are set, and not with one of them less.
func TestFurtherRoutesNeedWhatTheirRowsSay(t *testing.T) {
	for _, name := range readmes {
		table := read(t, name).table(t, "POST /wx/ticket")
		for _, row := range table {
			route, _, _ := strings.Cut(spans(row[0])[0], "?")
			needs := spans(row[2])
			if len(needs) == 0 {
				t.Errorf("%s: %s needs nothing", name, route)
			}
			if all := further(t, needs); !slices.Contains(all, route) {
				t.Errorf("%s: with %v there are %v, and no %s", name, needs, all, route)
			}
			for i := range needs {
				if without := slices.Delete(slices.Clone(needs), i, i+1); slices.Contains(further(t, without), route) {
					t.Errorf("%s: %s is there without %s", name, route, needs[i])
				}
			}
		}
		if all := further(t, []string{"WX_COOKIE", "WX_SCAN_LOGIN", "WX_SIGNING_KEYS"}); len(all) != len(table) {
			t.Errorf("%s lists %d routes, mounted are %v", name, len(table), all)
		}
	}
}

// further are the routes of weblogin and wxtoken with these variables, and none where
// they are not enough to start with.
func further(t *testing.T, variables []string) (routes []string) {
	t.Helper()
	has := func(name string) bool { return slices.Contains(variables, name) }
	wx, _, _ := newManager(t, func(c *core.Config) {
		if has("WX_COOKIE") {
			c.Cookie = "__Host-wx"
		}
	})
	web, err := weblogin.New(wx, weblogin.Config{ScanLogin: has("WX_SCAN_LOGIN")})
	if err != nil {
		return nil
	}
	var signing wxtoken.Config
	if has("WX_SIGNING_KEYS") {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		signing = wxtoken.Config{SigningKeys: []core.Secret{core.NewSecret(base64.StdEncoding.EncodeToString(der))}, Issuer: "https://login.example.com", Audiences: []string{"orders"}}
	}
	tokens, err := wxtoken.New(wx, signing)
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range append(web.Routes(), tokens.Routes()...) {
		routes = append(routes, route.Method+" "+route.Path)
	}
	return routes
}

// TestPackagesAreThere compares the table of the packages with the folders.
func TestPackagesAreThere(t *testing.T) {
	for _, name := range faqs {
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
