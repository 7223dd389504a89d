package readme

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestDoctorPrintsWhatIsShown runs it where nothing listens at the store's address.
func TestDoctorPrintsWhatIsShown(t *testing.T) {
	simulate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close() // nobody has it now
	doctor := exec.Command(build(t, "./cmd/wxsession"), "doctor")
	doctor.Env = append(os.Environ(), "WX_STORE=redis://localhost:"+port)
	out, _ := doctor.Output()
	if status := doctor.ProcessState.ExitCode(); status != 2 {
		t.Errorf("the exit status is %d", status)
	}
	for _, name := range readmes {
		n := 0
		for _, b := range read(t, name).blocks {
			if b.language != "text" {
				continue
			}
			for line := range strings.Lines(b.code) {
				n++
				if !strings.Contains(string(out), strings.ReplaceAll(line, ":6399", ":"+port)) {
					t.Errorf("%s shows\n%s, printed is\n%s", name, line, out)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s shows no line of doctor", name)
		}
	}
}
