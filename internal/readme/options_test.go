package readme

import (
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryOptionOfTheStoresIsThere(t *testing.T) {
	for _, name := range onStore {
		r := read(t, name)
		listed := rows(r.table(t, "timeout"))
		if a, b := sorted(maps.Keys(listed)), sorted(slices.Values(options(t, "stores/redis"))); a != b {
			t.Errorf("%s: the options of Redis are\n%s, listed are\n%s", name, b, a)
		}
		for _, row := range r.table(t, "memory://") {
			for scheme, folder := range map[string]string{"memory": "stores/memory", "memcached": "stores/memcached"} {
				if !strings.HasPrefix(row[0], "`"+scheme+"://") {
					continue
				}
				for _, option := range options(t, folder) {
					if !slices.Contains(spans(row[2]), option) {
						t.Errorf("%s: %s:// has the option %s", name, scheme, option)
					}
				}
			}
		}
	}
}

// options are the names in a package's table of them.
func options(t *testing.T, folder string) (names []string) {
	t.Helper()
	for _, f := range parsePackage(t, folder) {
		ast.Inspect(f, func(n ast.Node) bool {
			if kv, ok := n.(*ast.KeyValueExpr); ok {
				if id, ok := kv.Key.(*ast.Ident); ok && id.Name == "Name" && literal(kv.Value) != "" {
					names = append(names, literal(kv.Value))
				}
			}
			return true
		})
	}
	if len(names) == 0 {
		t.Fatalf("%s has no options", folder)
	}
	return names
}

func sorted(names func(func(string) bool)) string { return strings.Join(slices.Sorted(names), " ") }

// TestDefaultsOfTheOptions compares with the table in the package's documentation,
// which that package's tests hold to its code.
func TestDefaultsOfTheOptions(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "stores/redis/doc.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range onStore {
		for option, row := range rows(read(t, name).table(t, "timeout")) {
			m := regexp.MustCompile(`(?m)^//\t` + option + ` +(\S+)`).FindSubmatch(b)
			if m == nil {
				t.Fatalf("the documentation of stores/redis lacks %s", option)
			}
			said := spans(row[1])
			if len(said) == 1 && said[0] != string(m[1]) || len(said) == 0 && name == readmes[0] && row[1] != string(m[1]) {
				t.Errorf("%s: the default of %s is said to be %s, it is %s", name, option, row[1], m[1])
			}
		}
	}
}

// TestRightsAreThoseOfTheStore compares the ACL with what wxsession doctor asks for.
func TestRightsAreThoseOfTheStore(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "cmd/wxsession/internal/doctor/redisrights.go"))
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile(`"(\+[a-z]+(?:\|[a-z]+)?)"`)
	bare := regexp.MustCompile(`[ '](\+[a-z]+(?:\|[a-z]+)?)`)
	needed := grants(quoted, string(b)+`"+hello" "+info"`) // of the connection, which doctor has by then; and for what it looks at
	for _, name := range onStore {
		granted := ""
		for _, b := range read(t, name).blocks {
			if strings.Contains(b.code, "ACL SETUSER") {
				granted = grants(bare, b.code)
			}
		}
		if granted != needed {
			t.Errorf("%s grants\n%s, needed is\n%s", name, granted, needed)
		}
	}
}

func grants(right *regexp.Regexp, text string) string {
	var all []string
	for _, m := range right.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}
