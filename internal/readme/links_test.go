package readme

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var link = regexp.MustCompile(`\]\(([^)]+)\)`)

func TestLinksLeadToFiles(t *testing.T) {
	for _, pair := range pairs {
		targets := map[string][]string{}
		for _, name := range pair {
			for _, m := range link.FindAllStringSubmatch(read(t, name).prose, -1) {
				checkLink(t, name, m[1])
				target, _, _ := strings.Cut(m[1], "#") // of headings each language has its own
				targets[name] = append(targets[name], strings.Replace(target, ".zh-CN", "", 1))
			}
		}
		if a, b := targets[pair[0]], targets[pair[1]]; strings.Join(a, " ") != strings.Join(b, " ") {
			t.Errorf("the links of %s are\n%v\nand in Chinese\n%v", pair[0], a, b)
		}
	}
}

// TestLinksOfAllPapersLeadToHeadings: of those in English only, too.
func TestLinksOfAllPapersLeadToHeadings(t *testing.T) {
	var names []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) < 4 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		names = append(names, found...)
	}
	for _, file := range names {
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.ToSlash(name)
		for _, m := range link.FindAllStringSubmatch(read(t, name).prose, -1) {
			checkLink(t, name, m[1])
		}
	}
}

// checkLink wants the file, and the heading in it.
func checkLink(t *testing.T, name, target string) {
	t.Helper()
	if strings.HasPrefix(target, "https://") {
		return
	}
	file, anchor, hasAnchor := strings.Cut(target, "#")
	if file = path.Join(path.Dir(name), file); strings.HasPrefix(target, "#") {
		file = name
	}
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if info, statErr := os.Stat(filepath.Join(root, filepath.FromSlash(file))); statErr != nil {
		t.Errorf("%s: there is no %s", name, target)
		return
	} else if info.IsDir() && !hasAnchor {
		return
	}
	if err != nil {
		t.Errorf("%s: %s: %v", name, target, err)
	}
	if !hasAnchor {
		return
	}
	for line := range strings.Lines(fence.ReplaceAllString(string(b), "")) {
		if strings.HasPrefix(line, "#") && slug(line) == anchor {
			return
		}
	}
	t.Errorf("%s: %s has no heading for #%s", name, file, anchor)
}

// slug is what GitHub makes of a heading.
func slug(heading string) string {
	var s strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(strings.TrimLeft(heading, "#"))) {
		switch {
		case r == ' ':
			s.WriteRune('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			s.WriteRune(r)
		}
	}
	return s.String()
}
