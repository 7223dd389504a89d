package readme

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)]+)\)`)

func TestLinksLeadToFiles(t *testing.T) {
	targets := map[string][]string{}
	for _, name := range readmes {
		for _, m := range link.FindAllStringSubmatch(read(t, name).prose, -1) {
			target := m[1]
			targets[name] = append(targets[name], strings.Replace(target, ".zh-CN", "", 1))
			if strings.HasPrefix(target, "https://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(target))); err != nil {
				t.Errorf("%s: there is no %s", name, target)
			}
		}
	}
	if a, b := targets[readmes[0]], targets[readmes[1]]; strings.Join(a, " ") != strings.Join(b, " ") {
		t.Errorf("the links are\n%v\nand in Chinese\n%v", a, b)
	}
}
