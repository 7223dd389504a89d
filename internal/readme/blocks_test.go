package readme

import (
	"go/format"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// printing are the papers that print Go.
func printing() []string { return append(papers(), "docs/OPERATIONS.md") }

// A block is a program or a test (package main), or declarations behind the imports
// that they need. Either way it compiles as it stands: TestGoBlocksCompileAsTheyStand.
// And it runs: programs, tests, the functions routes and what needs wxotel by
// programs_test.go, out of the paper itself; all else stands in tests of this folder
// as well, which call it.

func TestGoBlocksRun(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, tokens(t, string(b)))
	}
	for _, name := range printing() {
		for _, b := range goBlocks(t, name) {
			if formatted, err := format.Source([]byte(b)); err != nil || string(formatted) != b {
				t.Errorf("%s: gofmt would write this block otherwise (%v):\n%s", name, err, formatted)
			}
			if runs(b) {
				continue
			}
			if !strings.Contains(strings.Join(sources, "\n"), tokens(t, imports.ReplaceAllString(b, ""))) {
				t.Errorf("%s: this block stands in no test:\n%s", name, b)
			}
		}
	}
}

// runs reports whether programs_test.go runs a block.
func runs(b string) bool {
	return isMain(b) || strings.Contains(b, "func routes(") || strings.Contains(b, "wxsession/wxotel\"")
}

func isMain(b string) bool { return strings.HasPrefix(b, "package main\n") }

var imports = regexp.MustCompile(`(?ms)\Aimport \(\n.*?^\)\n`)

func goBlocks(t *testing.T, name string) (blocks []string) {
	t.Helper()
	for _, b := range read(t, name).blocks {
		if b.language == "go" {
			blocks = append(blocks, b.code)
		}
	}
	return blocks
}

// theBlock is the one of a paper that contains a text.
func theBlock(t *testing.T, name, part string) string {
	t.Helper()
	blocks := goBlocks(t, name)
	i := slices.IndexFunc(blocks, func(b string) bool { return strings.Contains(b, part) })
	if i < 0 {
		t.Fatalf("%s has no block with %q", name, part)
	}
	return blocks[i]
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
