package readme

import (
	"go/ast"
	"go/token"
	"strconv"
	"testing"

	"github.com/wxsession/wxsession/core"
)

func TestEveryCodeHasARow(t *testing.T) {
	var codes []core.Code
	for _, f := range parsePackage(t, "core") {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if id, ok := v.Type.(*ast.Ident); ok && id.Name == "Code" {
					codes = append(codes, core.Code(literal(v.Values[0])))
				}
			}
		}
	}
	if len(codes) < 20 {
		t.Fatalf("core has the codes %v", codes)
	}
	for _, name := range readmes {
		listed := rows(read(t, name).table(t, string(core.CodeBadRequest)))
		for _, code := range codes {
			if row := listed[string(code)]; row == nil {
				t.Errorf("%s: %s has no row", name, code)
			} else if row[1] != strconv.Itoa(code.Status()) {
				t.Errorf("%s: %s is said to be %s, it is %d", name, code, row[1], code.Status())
			}
		}
		if len(listed) != len(codes) {
			t.Errorf("%s: %d codes have a row, core has %d", name, len(listed), len(codes))
		}
	}
}
