package redis_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets more tests run at a time than the machine has cores: they wait for
// servers. What is asked for by -parallel stands.
func TestMain(m *testing.M) {
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue {
		_ = flag.Set("test.parallel", "4") // a number
	}
	os.Exit(m.Run())
}
