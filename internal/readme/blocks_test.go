package readme

import (
	"go/format"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// compiled are the files in which the code of the READMEs stands. They are part
// of tests, which compile and run it.
var compiled = []string{"*_test.go", root + "/wxotel/example_test.go"}

func TestGoBlocksAreCompiled(t *testing.T) {
	var sources []string
	for _, pattern := range compiled {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no file %s: %v", pattern, err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, tokens(t, string(b)))
		}
	}
	for _, name := range readmes {
		for _, b := range read(t, name).blocks {
			if b.language != "go" {
				continue
			}
			if !strings.Contains(strings.Join(sources, "\n"), tokens(t, b.code)) {
				t.Errorf("%s: this block stands in no file that is compiled:\n%s", name, b.code)
			}
			if formatted, err := format.Source([]byte(b.code)); err != nil || string(formatted) != b.code {
				t.Errorf("%s: gofmt would write this block otherwise (%v):\n%s", name, err, formatted)
			}
		}
	}
}

// tokens is the code without comments and white space.
func tokens(t *testing.T, code string) string {
	t.Helper()
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(code)), []byte(code), func(pos token.Position, msg string) { t.Errorf("%s: %s", pos, msg) }, 0)
	var all strings.Builder
	for {
		_, tok, literal := s.Scan()
		if tok == token.EOF {
			return all.String()
		}
		if tok == token.SEMICOLON {
			literal = "" // written, or meant by the end of a line
		}
		all.WriteString(tok.String() + " " + literal + "\x00")
	}
}
