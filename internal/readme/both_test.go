package readme

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
)

func TestBothHaveTheSameShape(t *testing.T) {
	for _, pair := range pairs {
		t.Run(pair[0], func(t *testing.T) { sameShape(t, read(t, pair[0]), read(t, pair[1])) })
	}
}

func sameShape(t *testing.T, en, zh text) {
	t.Helper()
	if len(en.headings) != len(zh.headings) {
		t.Fatalf("%d headings, and %d in Chinese", len(en.headings), len(zh.headings))
	}
	for i, h := range en.headings {
		if level(h) != level(zh.headings[i]) {
			t.Errorf("%q has another level than %q", h, zh.headings[i])
		}
	}
	if len(en.tables) != len(zh.tables) {
		t.Fatalf("%d tables, and %d in Chinese", len(en.tables), len(zh.tables))
	}
	for i, table := range en.tables {
		sameTable(t, table, zh.tables[i])
	}
	for _, mark := range []string{"\n- ", "\n**"} {
		if a, b := strings.Count(en.prose, mark), strings.Count(zh.prose, mark); a != b {
			t.Errorf("%d paragraphs begin with %q, and %d in Chinese", a, mark, b)
		}
	}
}

func level(heading string) int { return strings.IndexByte(heading, ' ') }

// sameTable goes by what stands in code font.
func sameTable(t *testing.T, en, zh [][]string) {
	t.Helper()
	if len(en) != len(zh) {
		t.Errorf("the table of %v has %d rows, and %d in Chinese", en[0], len(en), len(zh))
		return
	}
	for i, row := range en[1:] {
		if len(row) != len(zh[i+1]) {
			t.Errorf("the row of %s has %d cells, and %d in Chinese", row[0], len(row), len(zh[i+1]))
			continue
		}
		for j, cell := range row {
			a, b := spans(cell), spans(zh[i+1][j])
			if j == 0 && strings.Join(a, " ") != strings.Join(b, " ") || len(a) != len(b) {
				t.Errorf("the row of %s: %q is %q in Chinese", row[0], cell, zh[i+1][j])
			}
		}
	}
}

func TestBothPrintTheSameCode(t *testing.T) {
	for _, pair := range pairs {
		t.Run(pair[0], func(t *testing.T) { sameCode(t, read(t, pair[0]), read(t, pair[1])) })
	}
}

func sameCode(t *testing.T, en, zh text) {
	t.Helper()
	if len(en.blocks) != len(zh.blocks) {
		t.Fatalf("%d blocks, and %d in Chinese", len(en.blocks), len(zh.blocks))
	}
	for i, b := range en.blocks {
		if a, c := uncommented(b), uncommented(zh.blocks[i]); a != c || b.language != zh.blocks[i].language {
			t.Errorf("block %d differs:\n%s\n%s", i+1, a, c)
		}
	}
}

func TestCommentsOfTheChineseCodeAreChinese(t *testing.T) {
	n := 0
	var blocks []block
	for _, pair := range pairs {
		blocks = append(blocks, read(t, pair[1]).blocks...)
	}
	for _, b := range blocks {
		mark, ok := comments[b.language]
		if !ok || b.language == "mermaid" {
			continue
		}
		for _, comment := range mark.FindAllString(b.code, -1) {
			n++
			if strings.IndexFunc(comment, func(r rune) bool { return unicode.Is(unicode.Han, r) }) < 0 {
				t.Errorf("%q is not Chinese", comment)
			}
		}
	}
	if n == 0 {
		t.Error("no comment was found")
	}
}

// comments finds those that stand behind code, or alone in a line, and leaves
// URLs alone.
var comments = map[string]*regexp.Regexp{
	"go":      regexp.MustCompile(`(?m)(^|[ \t]+)// .*$`),
	"js":      regexp.MustCompile(`(?m)(^|[ \t]+)// .*$`),
	"sh":      regexp.MustCompile(`(?m)(^|[ \t]+)# .*$`),
	"mermaid": regexp.MustCompile(`(?m)( as |: ).*$`), // names and labels
}

func uncommented(b block) string {
	if mark := comments[b.language]; mark != nil {
		return mark.ReplaceAllString(b.code, "")
	}
	return b.code
}

// TestThePartOfOperationsInChineseHasTheSameRows: each of its tables is one of the
// whole, with the same lines in the same order.
func TestThePartOfOperationsInChineseHasTheSameRows(t *testing.T) {
	whole, part := read(t, "docs/OPERATIONS.md"), read(t, "docs/OPERATIONS.zh-CN.md")
	for _, first := range []string{"store_unavailable", "the session store does not answer"} {
		sameTable(t, append([][]string{{first}}, whole.table(t, first)...), append([][]string{{first}}, part.table(t, first)...))
	}
	if len(part.tables) != 2 {
		t.Errorf("it has %d tables", len(part.tables))
	}
}
