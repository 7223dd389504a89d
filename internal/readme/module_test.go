package readme

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newModule is a module of its own, as a reader has one, that requires ours. It has
// the versions of the module in a folder of the repository, none of them looked up.
func newModule(t *testing.T, folder string) (dir string) {
	t.Helper()
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(top, folder, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(top, folder, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	own, requirements, _ := strings.Cut(string(mod), "\n")
	own = strings.TrimPrefix(own, "module ")
	text := "module example.com/shop\n" + strings.ReplaceAll(requirements, "=> ..\n", "=> "+top+"\n")
	text += fmt.Sprintf("\nrequire %s v0.0.0\n\nreplace %s => %s\n", own, own, filepath.Join(top, folder))
	write(t, filepath.Join(dir, "go.mod"), text)
	write(t, filepath.Join(dir, "go.sum"), string(sum))
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs the go command in a module and returns what it says.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-buildvcs=false -mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestGoBlocksCompileAsTheyStand pastes each block into a package of its own.
func TestGoBlocksCompileAsTheyStand(t *testing.T) {
	ours, observed, n := newModule(t, "."), newModule(t, "wxotel"), 0
	for _, name := range printing() {
		for i, b := range goBlocks(t, name) {
			n++
			dir := filepath.Join(ours, fmt.Sprintf("%s%d", strings.Map(letters, name), i))
			switch {
			case strings.Contains(b, "wxsession/wxotel\""):
				write(t, filepath.Join(observed, filepath.Base(dir), "block.go"), "package snippet\n\n"+b)
			case !isMain(b):
				write(t, filepath.Join(dir, "block.go"), "package snippet\n\n"+b)
			case strings.Contains(b, `"testing"`):
				write(t, filepath.Join(dir, "main.go"), theBlock(t, readmes[0], "func main()"))
				write(t, filepath.Join(dir, "main_test.go"), b)
			default:
				write(t, filepath.Join(dir, "main.go"), b)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d blocks were found", n)
	}
	run(t, ours, "vet", "./...")
	run(t, observed, "vet", "./...")
}

func letters(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}
