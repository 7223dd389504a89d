package wxapi

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultBase is where the API lives when Config.Bases is empty.
const DefaultBase = "https://api.weixin.qq.com"

// DefaultTimeout bounds a call, its retries included, when Config.Timeout is 0.
const DefaultTimeout = 5 * time.Second

// Config is what New needs to know. AppID and Secret are required.
type Config struct {
	AppID  string // 1 to 64 letters, digits, "_" and "-"
	Secret Secret

	// Bases are the hosts to ask: nil means DefaultBase. The first is used; the
	// further ones only where the request certainly was not sent to the one
	// before (it could not be resolved, reached, or verified), because a request
	// that was sent may have consumed the code. WeChat runs api2.weixin.qq.com
	// for disasters, and sh., sz. and hk.api.weixin.qq.com.
	Bases []string

	// HTTPClient is used if set; it is copied, and the copy does not follow
	// redirects. Nil means a client with timeouts and a pool of connections
	// large enough for a busy service. See the package comment on transports
	// that repeat requests.
	HTTPClient *http.Client

	// Timeout bounds one call, its retries included: 0 means DefaultTimeout.
	Timeout time.Duration

	// Tokens supplies access tokens. It may be nil: then the calls that need one
	// fail and say so. Code2Session and FetchToken need none.
	Tokens TokenSource

	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// OnCall, if set, learns about every attempt after its end: a retry is a
	// second one, a fail-over is not. It runs in the goroutine that made the
	// call, must not block, and fails the call if it panics.
	OnCall func(ctx context.Context, c Call)

	// BeforeCall, if set, learns of the same attempts before they begin, of Op and
	// Path. The attempt is made, and OnCall told, under the context that it returns.
	BeforeCall func(ctx context.Context, c Call) context.Context

	pause func(ctx context.Context, d time.Duration) error
}

// Call describes one attempt at a call. It holds no secret.
type Call struct {
	Op       string // WeChat's name of the API
	Path     string // of the endpoint, without query
	Duration time.Duration
	ErrCode  int    // WeChat's errcode
	RID      string // WeChat's request id; only failures have one
	Err      error  // nil, or an *Error
}

// New returns a client, or says which field of cfg cannot work.
func New(cfg Config) (*Client, error) {
	if !visible(cfg.Secret.Reveal(), 256) {
		return nil, errors.New("wxapi: set Config.Secret to the AppSecret, without white space")
	}
	return newClient(cfg)
}

func newClient(cfg Config) (*Client, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	bases, err := parseBases(cfg.Bases)
	if err != nil {
		return nil, err
	}
	cfg.setDefaults()
	c := &Client{cfg: &cfg, reveal: newCredentials(cfg.AppID, cfg.Secret), bases: bases, http: httpClient(cfg.HTTPClient)}
	cfg.Secret = ""
	return c, nil
}

// validate quotes no value: a secret may have got into the wrong field.
func (c *Config) validate() error {
	if !isID(c.AppID, 64) {
		return errors.New("wxapi: set Config.AppID to 1 to 64 letters, digits, \"_\" or \"-\"")
	}
	if looksLikeSecret(c.AppID) {
		return errors.New("wxapi: Config.AppID holds what looks like an AppSecret (32 hexadecimal digits); set it to the appid")
	}
	if c.Timeout < 0 {
		return errors.New("wxapi: Config.Timeout is negative")
	}
	return nil
}

// looksLikeSecret matters because appids are shown in logs, and secrets are not.
func looksLikeSecret(appid string) bool {
	_, err := hex.DecodeString(appid)
	return err == nil && len(appid) == 32
}

// parseBases never quotes a base: a misplaced URL may hold a password.
func parseBases(bases []string) ([]*url.URL, error) {
	if len(bases) == 0 {
		bases = []string{DefaultBase}
	}
	urls := make([]*url.URL, len(bases))
	for i, s := range bases {
		u, err := url.Parse(strings.TrimRight(s, "/"))
		if err != nil || !isBase(u) {
			return nil, fmt.Errorf("wxapi: Config.Bases[%d] must be an http or https URL of scheme, host and path only", i)
		}
		urls[i] = u
	}
	return urls, nil
}

func isBase(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}

func (c *Config) setDefaults() {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.pause == nil {
		c.pause = pause
	}
}
