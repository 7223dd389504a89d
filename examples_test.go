package wxsession_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// withoutExample are names of core for those who build on it: packages such as
// core/weblogin, whose own examples show what they are for, and tools.
var withoutExample = []string{
	"Approve", "IssueApproved", "NewTicket", "RedeemTicket", "Values",
	"CookieName", "CookieValue", "NewCookie", "SessionCookie",
	"AskWeChat", "LimitAddress", "LimitUser", "Log", "SameOrigin",
	"Breakers", "Stats", "NewInspector",
}

// TestEveryEntryPointHasAnExample looks at the exported functions of all public
// packages, and at the methods by which applications use a manager: each has an
// Example of its name, or is called in another one of its package.
func TestEveryEntryPointHasAnExample(t *testing.T) {
	folders := publicPackages(t)
	if len(folders) < 15 {
		t.Fatalf("the public packages are %v", folders)
	}
	for _, folder := range folders {
		entries, shown := entryPoints(t, folder)
		for _, name := range entries {
			if !shown[name] && !(folder == "core" && slices.Contains(withoutExample, name)) {
				t.Errorf("%s: no Example calls %s", folder, name)
			}
		}
	}
}

// publicPackages are those that other modules can import.
func publicPackages(t *testing.T) (folders []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !d.IsDir() || p == ".":
			return nil
		case d.Name() == "internal" || d.Name() == "examples" || d.Name() == "cmd" || d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		}
		if files, err := filepath.Glob(filepath.Join(p, "*.go")); err != nil || len(files) > 0 {
			folders = append(folders, p)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// entryPoints returns the names that need an Example, and those that have one.
func entryPoints(t *testing.T, folder string) (names []string, shown map[string]bool) {
	t.Helper()
	shown = map[string]bool{}
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			switch {
			case !ok:
			case strings.HasSuffix(file, "_test.go"):
				if strings.HasPrefix(fn.Name.Name, "Example") {
					shown[strings.TrimPrefix(strings.TrimPrefix(fn.Name.Name, "Example"), "Manager_")] = true
					addCalls(shown, fn)
				}
			case fn.Name.IsExported() && (fn.Recv == nil || path.Base(folder) == "core" && receiver(fn) == "Manager"):
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names, shown
}

func receiver(fn *ast.FuncDecl) string {
	if star, ok := fn.Recv.List[0].Type.(*ast.StarExpr); ok {
		if id, ok := star.X.(*ast.Ident); ok {
			return id.Name
		}
	}
	return ""
}

func addCalls(names map[string]bool, fn *ast.FuncDecl) {
	ast.Inspect(fn, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if s, ok := call.Fun.(*ast.SelectorExpr); ok {
				names[s.Sel.Name] = true
			}
		}
		return true
	})
}
