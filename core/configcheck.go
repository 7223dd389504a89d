package core

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// withDefaults returns c with its zero values filled in, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	c.IdleTimeout = cmp.Or(c.IdleTimeout, defaultIdleTimeout)
	c.Lifetime = cmp.Or(c.Lifetime, defaultLifetime)
	c.RotateGrace = cmp.Or(c.RotateGrace, defaultRotateGrace)
	c.MaxSessions = cmp.Or(c.MaxSessions, defaultMaxSessions)
	c.Prefix = cmp.Or(c.Prefix, defaultPrefix)
	c.LimitUser = cmp.Or(c.LimitUser, Rate{60, time.Minute})
	c.LimitExchanges = cmp.Or(c.LimitExchanges, defaultExchanges)
	c.TrustedProxies = unmappedNetworks(c.TrustedProxies)
	if c.Prefix == "/" {
		c.Prefix = ""
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, errors.Join(c.checkApps(), c.checkTimes(), c.checkLimits(), c.checkPrefix())
}

func (c *Config) checkApps() error {
	if c.AppID == "" && (!c.Secret.IsZero() || c.IdentityProvider != nil) {
		return errors.New("AppID is missing: set it (WX_APPID), as Secret (WX_SECRET) or IdentityProvider belong to it")
	}
	apps := c.apps()
	if len(apps) == 0 {
		return errors.New("no app: set AppID and Secret (WX_APPID, WX_SECRET)")
	}
	seen := map[string]bool{}
	for i, app := range apps {
		switch {
		case !appIDShaped(app.AppID) || secretShaped(app.AppID): // not quoted: it may be a secret that landed here
			return fmt.Errorf("the appid of app %d is not one: copy it from the WeChat console, without white space (WX_APPID)", i+1)
		case app.Secret.IsZero() && app.IdentityProvider == nil:
			return fmt.Errorf("app %d%s has no secret: set Secret (WX_SECRET, or WX_APPS=appid:secret)", i+1, inBrackets(app.AppID))
		case strings.TrimSpace(app.Secret.Reveal()) != app.Secret.Reveal():
			return fmt.Errorf("the secret of app %d begins or ends with white space, the carriage return of a .env file, say: remove it (WX_SECRET)", i+1)
		case len(app.Secret.Reveal()) > maxSecret || strings.ContainsFunc(app.Secret.Reveal(), notVisible):
			return fmt.Errorf("the secret of app %d cannot be one, it has white space in it, say: copy it from the WeChat console (WX_SECRET, or WX_APPS=appid:secret)", i+1)
		case seen[app.AppID]: // which cannot be AppID's own: that comes first
			return fmt.Errorf("app %d%s is configured twice: leave it out of Apps (WX_APPS), where it repeats AppID (WX_APPID) or another one", i+1, inBrackets(app.AppID))
		}
		seen[app.AppID] = true
	}
	return nil
}

func (c *Config) checkTimes() error {
	switch {
	case c.IdleTimeout < time.Second || c.IdleTimeout > maxLifetime:
		return fmt.Errorf("set IdleTimeout (WX_IDLE_TIMEOUT) to at least 1s and at most ten years, it is %v", c.IdleTimeout)
	case c.Lifetime < c.IdleTimeout:
		return fmt.Errorf("raise Lifetime (WX_LIFETIME), which is %v, to at least IdleTimeout (WX_IDLE_TIMEOUT), which is %v, or lower IdleTimeout", c.Lifetime, c.IdleTimeout)
	case c.Lifetime > maxLifetime:
		return fmt.Errorf("set Lifetime (WX_LIFETIME) to at least IdleTimeout (WX_IDLE_TIMEOUT) and at most ten years, it is %v", c.Lifetime)
	case c.RotateGrace < 0:
		return fmt.Errorf("set RotateGrace (WX_ROTATE_GRACE) to a positive duration, it is %v", c.RotateGrace)
	case c.MaxSessions < 0 || c.MaxSessions > maxMaxSessions:
		return fmt.Errorf("set MaxSessions (WX_MAX_SESSIONS) to 1 to %[2]d, it is %[1]d", c.MaxSessions, maxMaxSessions)
	}
	return nil
}

func (c *Config) checkLimits() error {
	switch {
	case c.LimitAddress.check() != nil:
		return errors.New("set LimitAddress (WX_LIMIT_ADDRESS) to a rate like 20/s, or off")
	case c.LimitUser.check() != nil:
		return errors.New("set LimitUser (WX_LIMIT_USER) to a rate like 60/m, or off")
	case slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return !p.IsValid() }):
		return errors.New("set TrustedProxies (WX_TRUSTED_PROXIES) to networks like 10.0.0.0/8")
	case slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return p.Addr().Is4In6() }):
		return errors.New("write networks of IPv4 in TrustedProxies (WX_TRUSTED_PROXIES) like 10.0.0.0/8, or with ::ffff: and at least /96")
	case slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return p.Bits() == 0 }):
		return errors.New("a network of TrustedProxies (WX_TRUSTED_PROXIES) names everybody: then clients choose their address; name your proxies, like 10.0.0.0/8")
	case c.LimitExchanges < 0 || c.LimitExchanges > maxExchanges:
		return fmt.Errorf("set LimitExchanges (WX_LIMIT_EXCHANGES) to 1 to %[2]d, it is %[1]d", c.LimitExchanges, maxExchanges)
	}
	return nil
}

func (c *Config) checkPrefix() error {
	if c.Prefix == "" {
		return nil
	}
	if !strings.HasPrefix(c.Prefix, "/") || strings.HasSuffix(c.Prefix, "/") || strings.Contains(c.Prefix, "//") ||
		strings.IndexFunc(c.Prefix, func(r rune) bool { return !pathRune(r) }) >= 0 {
		return fmt.Errorf("set Prefix (WX_PREFIX) to a path like /wx, which begins with a slash and does not end with one; it is %q", c.Prefix)
	}
	return nil
}

// appIDShaped is lenient: appids are wx and 16 hex digits, but test apps and
// other platforms have their own.
func appIDShaped(s string) bool {
	return 0 < len(s) && len(s) <= 64 && strings.IndexFunc(s, func(r rune) bool { return !urlSafe(r) || r == '.' || r == '~' }) < 0
}

// inBrackets names an app of WeChat's, wx and 16 hex digits. Anything else may be
// the secret of another platform that landed here.
func inBrackets(appID string) string {
	digits, found := strings.CutPrefix(appID, "wx")
	if !found || len(digits) != 16 || strings.Trim(digits, "0123456789abcdef") != "" {
		return ""
	}
	return " (" + appID + ")"
}

// secretShaped reports whether s looks like an AppSecret: 32 hex digits.
func secretShaped(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// maxSecret is how long a secret can be that wxapi takes.
const maxSecret = 256

func notVisible(r rune) bool { return r <= ' ' || r > '~' }

// urlSafe reports whether r stands for itself in a URL.
func urlSafe(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.~", r)
}

func pathRune(r rune) bool { return r == '/' || urlSafe(r) }

// splitBases splits an APIBase.
func splitBases(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	var bases []string
	for base := range strings.SplitSeq(text, ",") {
		base = strings.TrimRight(strings.TrimSpace(base), "/")
		u, err := url.Parse(base)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
			return nil, errors.New("set APIBase (WX_API_BASE) to something like https://api.weixin.qq.com")
		}
		bases = append(bases, base)
	}
	return bases, nil
}
