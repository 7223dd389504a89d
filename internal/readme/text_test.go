package readme

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// Each paper, and what it is in Chinese.
var (
	readmes = []string{"README.md", "README.zh-CN.md"}
	faqs    = []string{"docs/FAQ.md", "docs/FAQ.zh-CN.md"}
	onStore = []string{"docs/STORES.md", "docs/STORES.zh-CN.md"}
	onWeb   = []string{"docs/WEB.md", "docs/WEB.zh-CN.md"}

	pairs = [][]string{readmes, faqs, onStore, onWeb}
)

// papers are the names of all of them.
func papers() []string { return slices.Concat(pairs...) }

// text is one paper, taken apart.
type text struct {
	name     string
	prose    string // without the blocks
	headings []string
	blocks   []block
	tables   [][][]string // table, row, cell; the first row is the heading
}

type block struct{ language, code string }

var fence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

func read(t *testing.T, name string) text {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	r := text{name: name}
	for _, m := range fence.FindAllStringSubmatch(string(b), -1) {
		r.blocks = append(r.blocks, block{m[1], m[2]})
	}
	r.prose = fence.ReplaceAllString(string(b), "")
	inTable := false
	for line := range strings.SplitSeq(r.prose, "\n") {
		if strings.HasPrefix(line, "#") {
			r.headings = append(r.headings, line)
		}
		if !strings.HasPrefix(line, "|") {
			inTable = false
			continue
		}
		if !inTable {
			r.tables = append(r.tables, nil)
		}
		inTable = true
		if strings.Trim(line, "|-") != "" {
			last := &r.tables[len(r.tables)-1]
			*last = append(*last, cells(line))
		}
	}
	if len(r.headings) == 0 {
		t.Fatalf("%s is not understood", name)
	}
	return r
}

func cells(line string) (row []string) {
	for cell := range strings.SplitSeq(strings.Trim(line, "|"), " | ") {
		row = append(row, strings.TrimSpace(cell))
	}
	return row
}

// table returns the one whose rows begin with this name, in code font.
func (r text) table(t *testing.T, first string) [][]string {
	t.Helper()
	for _, table := range r.tables {
		if slices.Contains(spans(table[1][0]), first) {
			return table[1:]
		}
	}
	t.Fatalf("%s has no table whose first row is %s", r.name, first)
	return nil
}

// rows are those of a table by each of the names in its first column.
func rows(table [][]string) map[string][]string {
	all := map[string][]string{}
	for _, row := range table {
		for _, name := range spans(row[0]) {
			all[name] = row
		}
	}
	return all
}

var span = regexp.MustCompile("`([^`]+)`")

// spans are the pieces in code font.
func spans(s string) (found []string) {
	for _, m := range span.FindAllStringSubmatch(s, -1) {
		found = append(found, m[1])
	}
	return found
}
