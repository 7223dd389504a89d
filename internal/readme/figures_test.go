package readme

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestFiguresAreThoseOfTheTable compares the section on performance with the table of
// docs/BENCHMARKS.md: figures that are written as digits, of which both languages
// have the same.
func TestFiguresAreThoseOfTheTable(t *testing.T) {
	for _, name := range readmes {
		heading := map[string]string{"README.md": "\n## Performance\n", "README.zh-CN.md": "\n## 性能\n"}[name]
		_, section, found := strings.Cut(read(t, name).prose, heading)
		if !found {
			t.Fatalf("%s has no section %q", name, heading)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		var figures []string
		for _, m := range regexp.MustCompile(`\d+( ?%)?`).FindAllString(regexp.MustCompile(`v4|-jwt`).ReplaceAllString(section, ""), -1) {
			figures = append(figures, strings.ReplaceAll(m, " ", ""))
		}
		heap := row(t, "10", "memory store, a million sessions")[6]
		for _, want := range []struct{ what, figure string }{ // in the order of the text
			{"allocations of an adapter", row(t, "4", "the same: added on gin")[2]},
			{"allocations of Echo v4", row(t, "4", "the same: added on echo v4")[2]},
			{"bytes of a session", strings.Fields(heap)[0]},
			{"milliseconds of the collector", rounded(t, row(t, "11", "the same: garbage-collector CPU per cycle, ms")[2])},
			{"Redis, one by one", percent(t, row(t, "6", "Redis: Authenticate over a bare GET by the same client, sequential")[2])},
			{"Redis, 64 in parallel", percent(t, row(t, "6", "Authenticate, 64 parallel")[2])},
		} {
			i := slices.Index(figures, want.figure)
			if i < 0 {
				t.Errorf("%s: %s: %s is not where it should be, there is %v", name, want.what, want.figure, figures)
				continue
			}
			figures = figures[i+1:]
		}
	}
}

// row is that of the table whose second cell begins with a text.
func row(t *testing.T, number, what string) []string {
	t.Helper()
	for _, table := range read(t, "docs/BENCHMARKS.md").tables {
		for _, row := range table {
			if row[0] == number && strings.HasPrefix(row[1], what) {
				return row
			}
		}
	}
	t.Fatalf("docs/BENCHMARKS.md has no row %s, %s", number, what)
	return nil
}

// percent is how much more than 1 a ratio is.
func percent(t *testing.T, ratio string) string {
	t.Helper()
	return strconv.Itoa(int(math.Round((number(t, ratio)-1)*100))) + "%"
}

func rounded(t *testing.T, s string) string { return strconv.Itoa(int(math.Round(number(t, s)))) }

func number(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestAServiceDependsOnWhatIsSaid counts the modules in the way of the linker.
func TestAServiceDependsOnWhatIsSaid(t *testing.T) {
	for packages, want := range map[string][]string{
		"./nethttpwx ./stores":        {"github.com/bradfitz/gomemcache", "github.com/redis/rueidis", "golang.org/x/sync", "golang.org/x/sys"},
		"./nethttpwx ./stores/memory": {"golang.org/x/sync"},
	} {
		args := append([]string{"list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}"}, strings.Fields(packages)...)
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOOS=linux")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		modules := strings.Fields(string(out))
		slices.Sort(modules)
		if modules = slices.Compact(modules); !slices.Equal(modules, want) {
			t.Errorf("%s depends on %v, want %v", packages, modules, want)
		}
		for _, name := range readmes {
			for _, module := range want {
				if prose := read(t, name).prose; !strings.Contains(prose, module) && !strings.Contains(prose, filepath.Base(module)) {
					t.Errorf("%s does not say %s", name, module)
				}
			}
		}
	}
}
