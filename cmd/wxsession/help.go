package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"
)

// help prints the page of the program, or of what args name.
func (p *program) help(args []string) error {
	if len(args) == 0 {
		_, err := io.WriteString(p.out, p.mainPage().text(nil))
		return err
	}
	if c, rest := p.find(args); c != nil && len(rest) == 0 {
		_, err := io.WriteString(p.out, c.page.text(c.flags))
		return err
	}
	pages := ""
	for _, c := range p.commands() {
		if group, _, found := strings.Cut(c.name, " "); found && len(args) == 1 && group == args[0] {
			pages += c.page.text(c.flags) + "\n"
		}
	}
	if pages == "" {
		return p.errUnknown(args)
	}
	_, err := io.WriteString(p.out, strings.TrimSuffix(pages, "\n"))
	return err
}

func (p *program) mainPage() page {
	var commands []entry
	for _, c := range p.commands() {
		commands = append(commands, entry{c.name, c.page.purpose})
	}
	return page{
		name: "wxsession", purpose: "looks after the login sessions of WeChat mini programs",
		synopsis: []string{"wxsession command [options]", "wxsession help [command]", "wxsession --version"},
		description: []string{
			"It reads the environment of a service that is built with github.com/wxsession/wxsession, and works on the same store with the same keys. Run it where the service runs: in its container, with its variables.",
			"Results go to the standard output, everything else to the standard error. There are colours on a terminal only, and none where NO_COLOR is set. No secret is shown, but for the keys that keygen makes.",
		},
		sections: []section{
			{"COMMANDS", append(commands, entry{"help", "shows this page, or that of a command"})},
			{"ENVIRONMENT", []entry{
				{"WX_APPID, WX_SECRET, WX_STORE, WX_KEYS …", "those of the service, as the README lists them; a name that is almost one of them is an error"},
				{"NO_COLOR", "if it is set and not empty: no colours"},
			}},
		},
		exits: []entry{
			{"0", "it is done; doctor: nothing has failed"},
			{"1", "it could not be done; doctor --strict: there are warnings, or a right is missing to look"},
			{"2", "doctor: something has failed"},
			{"64", "the command line is wrong"},
			{"130", "it was interrupted"},
		},
		examples: []entry{
			{"wxsession doctor", "Is everything as it should be?"},
			{"wxsession sessions list --openid oGZUI0egBJY1zhBYw2KhdUfwVJJE", "Where is this user logged in?"},
			{"wxsession keygen", "A key that seals what is stored:"},
		},
	}
}

func (p *program) printVersion() error {
	version, revision, with := buildVersion()
	_, err := fmt.Fprintf(p.out, "wxsession %s%s %s\n", version, revision, with)
	return err
}

// buildVersion tells of what the program was built.
func buildVersion() (version, revision, with string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)", "", ""
	}
	version = info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return version, revision, info.GoVersion
}
