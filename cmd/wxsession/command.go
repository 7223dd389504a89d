package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// The exit statuses. A script can tell what was found from what went wrong.
const (
	exitOK          = 0
	exitFailed      = 1   // the command could not do it
	exitWarned      = 1   // doctor --strict: warnings, or rights are missing; no failures
	exitFound       = 2   // doctor: failures
	exitUsage       = 64  // as in sysexits.h
	exitInterrupted = 130 // as shells have it
)

// status is an error that has been told already, or is none.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is about the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

// command is one thing that the program can do.
type command struct {
	name  string // "sessions list"
	page  page
	flags *flag.FlagSet
	run   func(context.Context) error
}

// newFlags returns an empty set that prints nothing by itself.
func newFlags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	return f
}

func (p *program) commands() []*command {
	return []*command{p.doctorCommand(), p.listCommand(), p.endCommand(), p.keygenCommand()}
}

// run returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	err := p.dispatch(ctx, args)
	var told status
	var usage usageError
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(p.err, "wxsession: interrupted")
		return exitInterrupted
	case err == nil:
		return exitOK
	case errors.As(err, &told):
		return int(told)
	case errors.As(err, &usage):
		fmt.Fprintf(p.err, "wxsession: %v\n`%s` tells more\n", err, p.helpFor(args))
		return exitUsage
	}
	for line := range strings.Lines(err.Error()) { // a configuration may be wrong in several places
		fmt.Fprintf(p.err, "wxsession: %s\n", strings.TrimPrefix(harmless(line), "wxsession: "))
	}
	return exitFailed
}

// harmless keeps a text on one line, and what steers terminals out of it: the name
// in a server's certificate, say.
func harmless(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text))
}

// helpFor is the command that shows the page about args.
func (p *program) helpFor(args []string) string {
	if c, _ := p.find(args); c != nil {
		return "wxsession help " + c.name
	}
	return "wxsession help"
}

func (p *program) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usageError("say what to do: " + p.known())
	}
	switch first := args[0]; {
	case slices.Contains([]string{"help", "-h", "-help", "--help"}, first):
		return p.help(args[1:])
	case slices.Contains([]string{"version", "-version", "--version"}, first):
		return p.printVersion()
	case strings.HasPrefix(first, "-"):
		return usageError(fmt.Sprintf("unknown option %s: the program itself knows --help and --version; the options of a command stand behind it", first))
	}
	c, rest := p.find(args)
	if c == nil {
		return p.errUnknown(args)
	}
	return p.execute(ctx, c, rest)
}

// find returns the command that args begin with, and what follows.
func (p *program) find(args []string) (*command, []string) {
	for _, c := range p.commands() {
		words := strings.Fields(c.name)
		if len(args) >= len(words) && slices.Equal(args[:len(words)], words) {
			return c, args[len(words):]
		}
	}
	return nil, nil
}

// errUnknown says what there is: of a group, its members.
func (p *program) errUnknown(args []string) error {
	var members []string
	for _, c := range p.commands() {
		if group, member, found := strings.Cut(c.name, " "); found && group == args[0] {
			members = append(members, member)
		}
	}
	switch {
	case len(members) == 0:
		return usageError(fmt.Sprintf("unknown command %q: there are %s", args[0], p.known()))
	case len(args) > 1 && slices.Contains([]string{"-h", "-help", "--help"}, args[1]):
		return p.help(args[:1])
	}
	return usageError(fmt.Sprintf("%s wants to know what to do: %s", args[0], strings.Join(members, " or ")))
}

func (p *program) known() string {
	var names []string
	for _, c := range p.commands() {
		names = append(names, c.name)
	}
	return strings.Join(append(names, "help"), ", ")
}

func (p *program) execute(ctx context.Context, c *command, args []string) error {
	err := c.flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(p.out, c.page.text(c.flags))
		return err
	case err != nil:
		return usageError(flagProblem(c, err))
	case c.flags.NArg() > 0:
		return usageError(fmt.Sprintf("unexpected argument %q: %s", c.flags.Arg(0), options(c)))
	}
	return c.run(ctx)
}

// flagProblem says what package flag says, and what there is instead.
func flagProblem(c *command, err error) string {
	text := err.Error()
	if name, found := strings.CutPrefix(text, "flag provided but not defined: -"); found {
		return fmt.Sprintf("unknown option --%s: %s", strings.TrimPrefix(name, "-"), options(c))
	}
	if name, found := strings.CutPrefix(text, "flag needs an argument: -"); found {
		return fmt.Sprintf("the option --%s wants a value: %s", name, options(c))
	}
	return strings.Replace(text, " for flag -", " for the option --", 1)
}

func options(c *command) string {
	var names []string
	c.flags.VisitAll(func(f *flag.Flag) { names = append(names, "--"+f.Name) })
	return c.name + " knows " + strings.Join(append(names, "--help"), ", ")
}
