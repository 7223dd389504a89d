package readme

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parsePackage parses the files of a folder but the tests.
func parsePackage(t *testing.T, folder string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no Go file in %s: %v", folder, err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			files = append(files, parseFile(t, name))
		}
	}
	return files
}

func parseFile(t *testing.T, name string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sourceFiles are all Go files of the repository, of all its modules.
func sourceFiles(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != root && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case strings.HasSuffix(p, ".go"):
			names = append(names, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// literal is the text of a string literal; "" for anything else.
func literal(e ast.Expr) string {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(l.Value)
	return s
}

// environmentNames are the variables that the code reads, with a file that does.
// It goes by the calls that read one, and by literals that are a WX_ name.
func environmentNames(t *testing.T) map[string]string {
	t.Helper()
	readers := []string{"Getenv", "LookupEnv", "envValue", "listFromEnv", "getenv"}
	found := map[string]string{}
	for _, name := range sourceFiles(t) {
		if strings.HasSuffix(name, "_test.go") || strings.Contains(filepath.ToSlash(name), "/demotest/") {
			continue
		}
		ast.Inspect(parseFile(t, name), func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !slices.Contains(readers, called(call.Fun)) {
				return true
			}
			for _, arg := range call.Args {
				if s := literal(arg); s != "" && s == strings.ToUpper(s) {
					found[s] = name
				}
			}
			return true
		})
	}
	return found
}

func called(e ast.Expr) string {
	switch f := e.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.IndexExpr:
		return called(f.X)
	}
	return ""
}

// constant is the value of an untyped constant of a package, as it is written.
func constant(t *testing.T, folder, name string) string {
	t.Helper()
	for _, f := range parsePackage(t, folder) {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if v.Names[0].Name == name {
					if l, ok := v.Values[0].(*ast.BasicLit); ok {
						return strings.Trim(l.Value, `"`)
					}
				}
			}
		}
	}
	t.Fatalf("%s has no constant %s", folder, name)
	return ""
}
