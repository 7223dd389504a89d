package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/wxsession/wxsession/core"
)

type listOptions struct {
	userOptions
	json bool
}

func (p *program) listCommand() *command {
	o := &listOptions{}
	f := newFlags("sessions list")
	o.define(f)
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	return &command{name: "sessions list", flags: f, run: func(ctx context.Context) error { return p.list(ctx, o) }, page: sessionsPage(page{
		name: "wxsession sessions list", purpose: "lists the live sessions of a user",
		synopsis: []string{"wxsession sessions list [--appid appid] --openid openid [--json]"},
		description: []string{
			"A session's id is no credential; its token is not stored, and cannot be shown. The time of the last use lags behind by up to a twentieth of the idle timeout. The device is text from the client.",
			"In JSON: {\"sessions\": [{\"id\", \"created_at\", \"last_seen\", \"device\"}]}, the oldest first, times in seconds since 1970.",
		},
		examples: []entry{
			{"wxsession sessions list --openid oGZUI0egBJY1zhBYw2KhdUfwVJJE", "In the default app:"},
			{"wxsession sessions list --appid wx4f4bc4dec97d474b --openid oGZUI0egBJY1zhBYw2KhdUfwVJJE --json", "In another app, for a program:"},
		},
	})}
}

func (p *program) list(ctx context.Context, o *listOptions) error {
	return p.withManager(ctx, o.userOptions, func(wx *core.Manager) error {
		found, err := wx.Sessions(ctx, o.appID, o.openID)
		if err != nil {
			return err
		}
		if o.json {
			return json.NewEncoder(p.out).Encode(map[string]any{"sessions": found})
		}
		if len(found) == 0 {
			fmt.Fprintln(p.err, "wxsession: this user has no session")
			return nil
		}
		return writeSessions(p.out, found)
	})
}

func writeSessions(to io.Writer, found []core.SessionInfo) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tLOGIN\tLAST USE\tDEVICE")
	for _, s := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", quoteOdd(s.ID), s.CreatedAt.UTC().Format(time.RFC3339), s.LastSeen.UTC().Format(time.RFC3339), quoteOdd(s.Device))
	}
	return w.Flush()
}

// quoteOdd keeps text of clients, and of who else writes to the store, from
// steering the terminal.
func quoteOdd(s string) string {
	quoted := fmt.Sprintf("%q", s)
	if quoted == `"`+s+`"` {
		return s
	}
	return quoted
}
