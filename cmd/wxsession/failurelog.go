package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// failureLog shows what a manager logs about what it is doing: those lines have a
// code. What it says of settings at its start is the doctor's business.
type failureLog struct{ to io.Writer }

func (l failureLog) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}
func (l failureLog) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l failureLog) WithGroup(string) slog.Handler      { return l }

func (l failureLog) Handle(_ context.Context, r slog.Record) error {
	var code, cause string
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "code":
			code = a.Value.String()
		case "cause":
			cause = ": " + a.Value.String()
		}
		return true
	})
	if code == "" {
		return nil
	}
	_, err := fmt.Fprintf(l.to, "wxsession: %s\n", harmless(r.Message+cause))
	return err
}
