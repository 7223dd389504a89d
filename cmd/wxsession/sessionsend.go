package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/wxsession/wxsession/core"
)

type endOptions struct {
	userOptions
	id       string
	all, yes bool
}

func (p *program) endCommand() *command {
	o := &endOptions{}
	f := newFlags("sessions end")
	o.define(f)
	f.StringVar(&o.id, "id", "", "end the session with this `id`")
	f.BoolVar(&o.all, "all", false, "end all sessions of the user, on every device")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	return &command{name: "sessions end", flags: f, run: func(ctx context.Context) error { return p.end(ctx, o) }, page: sessionsPage(page{
		name: "wxsession sessions end", purpose: "ends one session of a user, or all",
		synopsis: []string{"wxsession sessions end [--appid appid] --openid openid (--id id | --all) [--yes]"},
		description: []string{
			"Shows what will end, and asks; without a terminal to ask at it does nothing, unless --yes is given. When it exits with 0, no instance of the service takes the ended sessions any more (one with a near cache may, for a second). Their clients get 401 session_revoked.",
			"--all also ends sessions that an eviction has taken off the user's list, as soon as they turn up. So it is worth saying where the list is empty.",
		},
		examples: []entry{
			{"wxsession sessions end --openid oGZUI0egBJY1zhBYw2KhdUfwVJJE --all", "A phone was stolen:"},
			{"wxsession sessions end --openid oGZUI0egBJY1zhBYw2KhdUfwVJJE --id 8cZ1rJ0vQqS5mXyT --yes", "One session, in a script:"},
		},
	})}
}

func (o *endOptions) check() error {
	if err := o.userOptions.check(); err != nil {
		return err
	}
	if (o.id != "") == o.all {
		return usageError("say which sessions: --id, or --all")
	}
	return nil
}

func (p *program) end(ctx context.Context, o *endOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if !o.yes && !p.asks {
		return usageError("there is no terminal to ask at: add --yes to end sessions without asking")
	}
	return p.withManager(ctx, o.userOptions, func(wx *core.Manager) error {
		found, err := wx.Sessions(ctx, o.appID, o.openID)
		if err != nil {
			return err
		}
		doomed := o.choose(found)
		if o.id != "" && len(doomed) == 0 {
			return fmt.Errorf("this user has no session with that id: `wxsession sessions list` shows the %d that there are", len(found))
		}
		if !o.yes && !p.confirm(ctx, doomed) {
			fmt.Fprintln(p.err, "wxsession: nothing was ended")
			return status(exitFailed)
		}
		if o.all {
			err = wx.LogoutUser(ctx, o.appID, o.openID)
		} else {
			err = wx.Revoke(ctx, o.appID, o.openID, o.id)
		}
		if err == nil {
			p.sayEnded(len(doomed))
		}
		return err
	})
}

func (o *endOptions) choose(found []core.SessionInfo) (doomed []core.SessionInfo) {
	for _, s := range found {
		if o.all || s.ID == o.id {
			doomed = append(doomed, s)
		}
	}
	return doomed
}

func (p *program) sayEnded(n int) {
	switch n {
	case 0:
		fmt.Fprintln(p.out, "this user had no session on the list; one that turns up later ends too")
	case 1:
		fmt.Fprintln(p.out, "1 session has ended")
	default:
		fmt.Fprintf(p.out, "%d sessions have ended\n", n)
	}
}

// confirm takes nothing but a clear yes.
func (p *program) confirm(ctx context.Context, doomed []core.SessionInfo) bool {
	if len(doomed) > 0 {
		_ = writeSessions(p.err, doomed)
	} else {
		fmt.Fprintln(p.err, "this user has no session on the list; one that was lost from it may turn up")
	}
	fmt.Fprint(p.err, "End? [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.in).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case said := <-answer:
		return said == "y" || said == "yes"
	case <-ctx.Done():
		return false
	}
}
