package wxsession_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The papers under docs, and those of the root, may name only what is there.

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// walk hands every file of the repository to fn, also those of modules of their
// own, but none that a package manager or a test has put there.
func walk(t *testing.T, fn func(file string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "node_modules" || d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		fn(p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var testName = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark|Example)[A-Z]\w*`)

// proofs are the papers that say which test proves what, and how many they name at
// the least: a paper whose names are no longer found would prove nothing.
var proofs = map[string]int{"docs/SECURITY.md": 60, "docs/TESTING.md": 60, "docs/ARCHITECTURE.md": 0, "CONTRIBUTING.md": 0}

func TestEveryTestThatThePapersNameExists(t *testing.T) {
	exists := map[string]bool{}
	walk(t, func(file string) {
		if !strings.HasSuffix(file, "_test.go") {
			return
		}
		for _, d := range parse(t, file).Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				exists[f.Name.Name] = true
			}
		}
	})
	for paper, least := range proofs {
		named := map[string]bool{}
		for _, name := range testName.FindAllString(read(t, paper), -1) {
			if named[name] = true; !exists[name] {
				t.Errorf("%s names %s, and there is no such test", paper, name)
			}
		}
		if len(named) < least {
			t.Errorf("%s names %d tests, want at least %d", paper, len(named), least)
		}
	}
}

var (
	codeSpan = regexp.MustCompile("`[^`\n]+`")
	pathName = regexp.MustCompile(`^[\w.-]+(?:/[\w.{},*-]+)*\.(?:go|md|yml|json|js)$|^(?:core|stores|internal|examples|cmd|wxotel|client|docs|ginwx|echowx|nethttpwx)(?:/[\w.-]+)+/?$`)
	linked   = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	variable = regexp.MustCompile(`\bWX_[A-Z][A-Z_]*[A-Z]\b`)
)

func TestThePapersNameFilesAndVariablesThatExist(t *testing.T) {
	all := &strings.Builder{}
	papers := []string{"CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"}
	walk(t, func(file string) {
		switch {
		case path.Dir(file) == "docs" && strings.HasSuffix(file, ".md"):
			papers = append(papers, file)
		case strings.HasSuffix(file, ".go"):
			all.WriteString(read(t, file))
		}
	})
	for _, paper := range papers {
		text := read(t, paper)
		for _, name := range variable.FindAllString(text, -1) {
			if !strings.Contains(all.String(), name) {
				t.Errorf("%s names %s, which no Go file does", paper, name)
			}
		}
		for _, span := range codeSpan.FindAllString(text, -1) {
			if name := strings.Trim(span, "`"); pathName.MatchString(name) {
				wantFile(t, paper, name)
			}
		}
		for _, link := range linked.FindAllStringSubmatch(text, -1) {
			wantFile(t, paper, path.Join(path.Dir(paper), link[1]))
		}
	}
}

func wantFile(t *testing.T, paper, name string) {
	t.Helper()
	found, err := filepath.Glob(filepath.FromSlash(name))
	if beside, _ := filepath.Glob(filepath.FromSlash(path.Join(path.Dir(paper), name))); err == nil && len(found)+len(beside) == 0 {
		t.Errorf("%s names %s, and there is no such file", paper, name)
	}
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(file), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// operations is the paper whose tables say what to do about each thing that an
// operator gets to see.
const operations = "docs/OPERATIONS.md"

// firstColumn returns what stands in code spans in the first column of the table
// under a heading.
func firstColumn(t *testing.T, heading string) []string {
	t.Helper()
	_, section, found := strings.Cut(read(t, operations), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("%s has no section %q", operations, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var cells []string
	for line := range strings.Lines(section) {
		cell, _, isRow := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		if !strings.HasPrefix(line, "|") || !isRow {
			continue
		}
		for _, span := range codeSpan.FindAllString(cell, -1) {
			cells = append(cells, strings.Trim(span, "`"))
		}
	}
	return cells
}

// wantTable compares a table with what the code has, both ways.
func wantTable(t *testing.T, heading string, code []string, least int) {
	t.Helper()
	rows := firstColumn(t, heading)
	if len(code) < least {
		t.Errorf("only %d found in the code, want at least %d: %q", len(code), least, code)
	}
	for _, name := range code {
		if !slices.Contains(rows, name) {
			t.Errorf("%s, %q: there is no row for %q", operations, heading, name)
		}
	}
	for _, name := range rows {
		if !slices.Contains(code, name) {
			t.Errorf("%s, %q: the row %q is about nothing in the code", operations, heading, name)
		}
	}
}

func TestEveryErrorCodeHasARow(t *testing.T) {
	var codes []string
	ast.Inspect(parse(t, "core/errors.go"), func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && nameOf(spec.Type) == "Code" {
			codes = append(codes, text(spec.Values[0]))
		}
		return true
	})
	wantTable(t, "Error codes", codes, 15)
}

func TestEveryMetricHasARow(t *testing.T) {
	var metrics []string
	files, err := filepath.Glob("wxotel/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		ast.Inspect(parse(t, filepath.ToSlash(file)), func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !strings.Contains(nameOf(call.Fun), "64") || len(call.Args) < 2 {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || nameOf(selector.X) != "meter" {
				return true
			}
			name := text(call.Args[0])
			if conventional, ok := call.Args[0].(*ast.CallExpr); ok && nameOf(conventional.Fun) == "Name" {
				name = "db.client.operation.duration" // dbconv.ClientOperationDuration{}.Name()
			}
			if name == "" {
				t.Errorf("%s: the name of an instrument must be a literal, or this test cannot read it", file)
			}
			metrics = append(metrics, name)
			return true
		})
	}
	wantTable(t, "Metrics", metrics, 8)
}

// nameOf is the last name of an expression: b in a.b.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// text is a literal's; "" for every other expression. Of a sum it is that of the
// literals in it.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return unquote(e.Value)
	case *ast.BinaryExpr:
		return text(e.X) + text(e.Y)
	}
	return ""
}

// Who imports wxotel gets the version of the root that its go.mod requires: in
// here a replace hides a wrong one.
func TestWxotelRequiresTheReleaseInTheChangelog(t *testing.T) {
	newest := regexp.MustCompile(`(?m)^## (v\d+\.\d+\.\d+)`).FindStringSubmatch(read(t, "CHANGELOG.md"))
	required := regexp.MustCompile(`(?m)^\s*(?:require )?` + module + ` (v\S+)`).FindStringSubmatch(read(t, "wxotel/go.mod"))
	if newest == nil || required == nil || newest[1] != required[1] {
		t.Errorf("CHANGELOG.md releases %q, wxotel/go.mod requires %q", newest, required)
	}
}
