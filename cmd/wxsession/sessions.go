package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores"
)

// userOptions say whose sessions are meant.
type userOptions struct{ appID, openID string }

func (o *userOptions) define(f *flag.FlagSet) {
	f.StringVar(&o.appID, "appid", "", "the mini program's `appid`; the service's default app if it is left out")
	f.StringVar(&o.openID, "openid", "", "the user's `openid`; required")
}

func (o *userOptions) check() error {
	if o.openID == "" {
		return usageError("say whose sessions: --openid")
	}
	return nil
}

// sessionsPage is what both commands have in common.
func sessionsPage(p page) page {
	p.sections = []section{{"ENVIRONMENT", []entry{
		{"WX_STORE", "the store; not memory://, which no other process can see"},
		{"WX_KEYS, WX_ACCEPT_CLEAR", "as the service has them, or nothing can be read"},
		{"WX_APPID, WX_SECRET, WX_APPS …", "those of the service; WeChat is not asked"},
	}}}
	p.exits = []entry{
		{"0", "it is done, also where the user has no session"},
		{"1", "it could not be done: the store does not answer, there is no such session, or you said no"},
		{"64", "the command line is wrong, or there is nobody to ask and --yes is missing"},
		{"130", "it was interrupted"},
	}
	return p
}

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

type sessionJSON struct {
	ID        string `json:"id"`
	CreatedAt int64  `json:"created_at"`
	LastSeen  int64  `json:"last_seen"`
	Device    string `json:"device"`
}

func (p *program) list(ctx context.Context, o *listOptions) error {
	return p.withManager(ctx, o.userOptions, func(wx *core.Manager) error {
		found, err := wx.Sessions(ctx, o.appID, o.openID)
		if err != nil {
			return err
		}
		if o.json {
			all := []sessionJSON{}
			for _, s := range found {
				all = append(all, sessionJSON{s.ID, s.CreatedAt.Unix(), s.LastSeen.Unix(), s.Device})
			}
			return json.NewEncoder(p.out).Encode(map[string]any{"sessions": all})
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
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.ID, s.CreatedAt.UTC().Format(time.RFC3339), s.LastSeen.UTC().Format(time.RFC3339), quoteOdd(s.Device))
	}
	return w.Flush()
}

// quoteOdd keeps text of clients from steering the terminal.
func quoteOdd(s string) string {
	quoted := fmt.Sprintf("%q", s)
	if quoted == `"`+s+`"` {
		return s
	}
	return quoted
}

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

// withManager runs fn with a manager as the service has it.
func (p *program) withManager(ctx context.Context, o userOptions, fn func(*core.Manager) error) error {
	if err := o.check(); err != nil {
		return err
	}
	cfg, err := core.ConfigFromEnv()
	if err != nil {
		return err
	}
	if cfg.Store == "" || strings.HasPrefix(cfg.Store, "memory:") {
		return fmt.Errorf("the sessions of memory:// are in the service's own process, where nobody else can reach them: set WX_STORE as the service has it")
	}
	if err := known(cfg, o.appID); err != nil {
		return err
	}
	cfg.Logger = slog.New(failureLog{p.err})
	store, err := stores.Open(ctx, cfg.Store)
	if err != nil {
		return err
	}
	defer store.Close()
	wx, err := core.New(cfg, store)
	if err != nil {
		return err
	}
	return fn(wx)
}

// known keeps a mistyped appid from looking like a user without sessions.
func known(cfg core.Config, appID string) error {
	if appID == "" || appID == cfg.AppID {
		return nil
	}
	for _, a := range cfg.Apps {
		if a.AppID == appID {
			return nil
		}
	}
	return fmt.Errorf("this appid is none of the configured ones (WX_APPID, WX_APPS)")
}
