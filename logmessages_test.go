package wxsession_test

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logging are the functions that write log lines, and which of their arguments is
// the message: slog's, and each of ours that passes a parameter of its own on to
// one of them (see learn).
type logging map[string]map[int]bool

func newLogging() logging {
	return logging{
		"Debug": {0: true}, "Info": {0: true}, "Warn": {0: true}, "Error": {0: true},
		"DebugContext": {1: true}, "InfoContext": {1: true}, "WarnContext": {1: true}, "ErrorContext": {1: true},
		"Log": {2: true}, "LogAttrs": {2: true},
	}
}

// outgoing calls fn with the message of every call that may write a log line.
func (l logging) outgoing(f *ast.FuncDecl, fn func(message ast.Expr)) {
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			for i := range l[nameOf(call.Fun)] {
				if i < len(call.Args) {
					fn(call.Args[i])
				}
			}
		}
		return true
	})
}

// learn notes that f passes parameters of its own on as messages. It reports
// whether that was news.
func (l logging) learn(f *ast.FuncDecl) (news bool) {
	l.outgoing(f, func(message ast.Expr) {
		i := slices.Index(stringParams(f), nameOf(message))
		if _, isName := message.(*ast.Ident); !isName || i < 0 || l[f.Name.Name][i] {
			return
		}
		if l[f.Name.Name] == nil {
			l[f.Name.Name] = map[int]bool{}
		}
		l[f.Name.Name][i], news = true, true
	})
	return news
}

// stringParams are the names of f's parameters, those that are no text as "".
func stringParams(f *ast.FuncDecl) (names []string) {
	for _, field := range f.Type.Params.List {
		for _, name := range field.Names {
			if nameOf(field.Type) != "string" {
				names = append(names, "")
			} else {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

// fromStores is where core writes what a store's Warnings say.
const fromStores = "core/warnings.go"

func TestEveryLogMessageHasARow(t *testing.T) {
	functions := map[*ast.FuncDecl]string{}
	walk(t, func(file string) {
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || !within(file, "core") && !within(file, "stores") ||
			within(file, "core/wxtest") || within(file, "core/adaptertest") || within(file, "stores/storetest") {
			return
		}
		for _, d := range parse(t, file).Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				functions[f] = file
			}
		}
	})
	known := newLogging()
	for news := true; news; {
		news = false
		for f := range functions {
			news = known.learn(f) || news
		}
	}
	var messages []string
	for f, file := range functions {
		known.outgoing(f, func(message ast.Expr) {
			literal, name := text(message), nameOf(message)
			switch {
			case literal != "":
				messages = append(messages, rowName(literal))
			case slices.Contains(stringParams(f), name), name == "ctx", name == "level":
			case file != fromStores:
				t.Errorf("%s: in %s a log line's message is no literal: whoever reads it cannot look it up", file, f.Name.Name)
			}
		})
		if within(file, "stores") && strings.HasSuffix(f.Name.Name, "Warning") {
			messages = append(messages, warningsOf(f)...)
		}
	}
	wantTable(t, "Log lines", messages, 15)
}

// warningsOf are the sentences that a store returns for the log.
func warningsOf(f *ast.FuncDecl) (sentences []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && text(r.Results[0]) != "" {
			sentences = append(sentences, rowName(text(r.Results[0])))
		}
		return true
	})
	return sentences
}

// rowName is what stands in the table for a message: what comes before its advice.
func rowName(message string) string {
	for _, advice := range []string{": set ", ": see ", ": let "} {
		message, _, _ = strings.Cut(message, advice)
	}
	message, _, _ = strings.Cut(message, " (maxmemory-policy")
	return message
}

func unquote(literal string) string {
	text, err := strconv.Unquote(literal)
	if err != nil || !strings.ContainsAny(literal[:1], "\"`") {
		return ""
	}
	return text
}
