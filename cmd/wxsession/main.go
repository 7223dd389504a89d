// Command wxsession looks after the sessions of WeChat mini programs that a
// backend keeps with this module: it checks a service's settings and servers,
// lists and ends a user's sessions, and makes keys.
//
//	go run github.com/wxsession/wxsession/cmd/wxsession help
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/mattn/go-isatty"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv,
		asks:    isatty.IsTerminal(os.Stdin.Fd()) && isatty.IsTerminal(os.Stderr.Fd()),
		colours: isatty.IsTerminal(os.Stdout.Fd()) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
	status := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// program is one run, and what it has of the world.
type program struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	asks     bool // there is somebody to ask
	colours  bool
}
