package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// page is the manual page of a command. Its options come from the flags, so that
// none can be missing.
type page struct {
	name, purpose string
	synopsis      []string
	description   []string // paragraphs
	sections      []section
	exits         []entry
	examples      []entry // a command, and what it does
}

// section is a list of things that a page explains.
type section struct {
	title   string
	entries []entry
}

// entry is a name, and what it is.
type entry struct{ name, about string }

const width = 80

// text lays the page out as man does.
func (p page) text(flags *flag.FlagSet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "NAME\n%s\n", wrap(p.name+" - "+p.purpose, 4))
	b.WriteString("SYNOPSIS\n")
	for _, line := range p.synopsis {
		b.WriteString("    " + line + "\n")
	}
	b.WriteString("\nDESCRIPTION\n")
	for _, paragraph := range p.description {
		b.WriteString(wrap(paragraph, 4) + "\n")
	}
	if flags != nil {
		section{"OPTIONS", optionEntries(flags)}.write(&b)
	}
	for _, s := range p.sections {
		s.write(&b)
	}
	section{"EXIT STATUS", p.exits}.write(&b)
	b.WriteString("EXAMPLES\n")
	for i, e := range p.examples {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(wrap(e.about, 4) + "        " + e.name + "\n")
	}
	return b.String()
}

func (s section) write(b io.StringWriter) {
	b.WriteString(s.title + "\n")
	indent := 0
	for _, e := range s.entries {
		if len(e.name) <= 20 {
			indent = max(indent, len(e.name)+6)
		}
	}
	for _, e := range s.entries {
		text := wrap(e.about, max(indent, 8))
		if len(e.name)+6 > max(indent, 8) {
			b.WriteString("    " + e.name + "\n" + text)
			continue
		}
		b.WriteString("    " + e.name + text[4+len(e.name):])
	}
	b.WriteString("\n")
}

func optionEntries(flags *flag.FlagSet) (entries []entry) {
	flags.VisitAll(func(f *flag.Flag) {
		value, about := flag.UnquoteUsage(f)
		name := "--" + f.Name
		if value != "" {
			name += " " + value
		}
		if f.DefValue != "" && f.DefValue != "false" {
			about += " (default " + f.DefValue + ")"
		}
		entries = append(entries, entry{name, about})
	})
	return append(entries, entry{"--help", "this page"})
}

// wrap breaks text into indented lines of width columns.
func wrap(text string, indent int) string {
	var b strings.Builder
	margin := strings.Repeat(" ", indent)
	line := margin
	for _, word := range strings.Fields(text) {
		if len([]rune(line))+len([]rune(word))+1 > width && line != margin {
			b.WriteString(line + "\n")
			line = margin
		}
		if line != margin {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
	return b.String()
}
