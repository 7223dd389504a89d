package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strings"

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
		{"WX_APPID, WX_APPS …", "those of the service; WX_SECRET may be left out, as WeChat is not asked"},
	}}}
	p.exits = []entry{
		{"0", "it is done, also where the user has no session"},
		{"1", "it could not be done: the store does not answer, there is no such session, or you said no"},
		{"64", "the command line is wrong, or there is nobody to ask and --yes is missing"},
		{"130", "it was interrupted"},
	}
	return p
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
		return errors.New("the sessions of memory:// are in the service's own process, where nobody else can reach them: set WX_STORE as the service has it")
	}
	if err := known(cfg, o.appID); err != nil {
		return err
	}
	cfg.Logger = slog.New(failureLog{p.err})
	if cfg.AppID != "" && cfg.Secret.IsZero() {
		cfg.IdentityProvider = noLogins{}
	}
	store, err := stores.Open(ctx, cfg.Store)
	if err != nil {
		return err
	}
	defer store.Close()
	wx, err := core.New(cfg, unasked{core.WrappedStore{Store: store}})
	if err != nil {
		return err
	}
	for range connectTries { // to connect may take longer than a call, and a command has no second try
		if wx.Ping(ctx) == nil {
			break
		}
	}
	err = fn(wx)
	if e, ok := errors.AsType[*core.Error](err); ok && e.Code == core.CodeStoreUnavailable {
		err = fmt.Errorf("%w\n`wxsession doctor` looks closer at the store", err)
	}
	return err
}

const connectTries = 5

// unasked keeps core.New from asking the store for its settings, which doctor does:
// the command may be over before there is an answer, and says itself what fails.
type unasked struct{ core.WrappedStore }

func (unasked) Warnings(context.Context) ([]string, error) { return nil, nil }

// noLogins takes the place of an AppSecret, which core.New wants for logins: these
// commands make none, and where an administrator sits it need not lie about.
type noLogins struct{}

func (noLogins) Identify(context.Context, core.LoginRequest) (core.Identity, error) {
	return core.Identity{}, core.Deny("nobody logs in here")
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
	return errors.New("this appid is none of the configured ones (WX_APPID, WX_APPS)")
}
