package testserver_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/internal/testserver"
)

func TestFakeRedisAnswersWhatItIsTold(t *testing.T) {
	f := testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		if c.Args[0] == "ECHO" {
			return fmt.Sprintf("+%d %s\r\n", c.Conn, strings.Join(c.Args, " "))
		}
		return testserver.FakeHandshake(c)
	})
	for n := range 2 {
		conn, err := net.Dial("tcp", f.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		for command, want := range map[string]string{
			"*2\r\n$4\r\necho\r\n$5\r\na\r\n b\r\n": fmt.Sprintf("+%d ECHO a\r\n", n),
			"*1\r\n$4\r\nPING\r\n":                  "+PONG\r\n",
			"*1\r\n$3\r\nFOO\r\n":                   "-ERR unknown command 'FOO'\r\n",
		} {
			_, _ = io.WriteString(conn, command)
			if got, err := r.ReadString('\n'); err != nil || got != want {
				t.Errorf("%q: %q, %v; want %q", command, got, err, want)
			}
			if strings.Contains(command, "a\r\n b") {
				_, _ = r.ReadString('\n') // the argument's second line
			}
		}
	}
}
