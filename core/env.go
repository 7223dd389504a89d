package core

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// ConfigFromEnv reads the variables named in the env tags of Config's fields.
// A variable that is unset or empty leaves its field zero; one that cannot be
// read is an error that says what to set, and so is a 0 where 0 is no value, and a
// name that is almost that of another. No variable is required here: New refuses
// what cannot work.
func ConfigFromEnv() (Config, error) {
	var e env
	c := Config{
		AppID:        os.Getenv("WX_APPID"),
		Secret:       NewSecret(os.Getenv("WX_SECRET")),
		Apps:         envValue(&e, "WX_APPS", "appid:secret,appid:secret", parseApps),
		Store:        os.Getenv("WX_STORE"),
		Keys:         envValue(&e, "WX_KEYS", "what `wxsession keygen` makes: keys of 32 bytes in base64, comma separated, newest first", parseKeys),
		AcceptClear:  envValue(&e, "WX_ACCEPT_CLEAR", "true or false", strconv.ParseBool),
		IdleTimeout:  envValue(&e, "WX_IDLE_TIMEOUT", "a duration like 72h (there is no unit for days), from 1s to the lifetime", nonzero(time.ParseDuration)),
		Lifetime:     envValue(&e, "WX_LIFETIME", "a duration like 720h (there is no unit for days), from the idle timeout to ten years", nonzero(time.ParseDuration)),
		RotateGrace:  envValue(&e, "WX_ROTATE_GRACE", "a duration like 30s, over 0", nonzero(time.ParseDuration)),
		MaxSessions:  envValue(&e, "WX_MAX_SESSIONS", fmt.Sprintf("a number, 1 to %d", maxMaxSessions), nonzero(strconv.Atoi)),
		APIBase:      os.Getenv("WX_API_BASE"),
		Prefix:       os.Getenv("WX_PREFIX"),
		ExposeOpenID: envValue(&e, "WX_EXPOSE_OPENID", "true or false", strconv.ParseBool),
		PhoneRoute:   envValue(&e, "WX_PHONE_ROUTE", "true or false", strconv.ParseBool),
		Wafer:        envValue(&e, "WX_WAFER", "true or false", strconv.ParseBool),

		LimitAddress:   envValue(&e, "WX_LIMIT_ADDRESS", "a rate like 20/s or 600/m, from 1 to 1000000, or off", parseRate),
		LimitUser:      envValue(&e, "WX_LIMIT_USER", "a rate like 60/m, from 1 to 1000000, or off", parseRate),
		LimitExchanges: envValue(&e, "WX_LIMIT_EXCHANGES", fmt.Sprintf("a number, 1 to %d", maxExchanges), nonzero(strconv.Atoi)),
		TrustedProxies: envValue(&e, "WX_TRUSTED_PROXIES", "networks like 10.0.0.0/8, comma separated", parseNetworks),

		Cookie:         os.Getenv("WX_COOKIE"),
		CookieInsecure: envValue(&e, "WX_COOKIE_INSECURE", "true or false", strconv.ParseBool),
		TrustedOrigins: envValue(&e, "WX_TRUSTED_ORIGINS", "origins, comma separated", parseList),
	}
	e.errs = append(e.errs, checkNames(os.Environ())...)
	return c, errors.Join(e.errs...)
}

type env struct{ errs []error }

// envValue reads one variable. The error leaves out the value: it may be a
// secret that landed under the wrong name.
func envValue[T any](e *env, name, want string, parse func(string) (T, error)) T {
	var zero T
	text := os.Getenv(name)
	if text == "" {
		return zero
	}
	v, err := parse(text)
	if err == errZero {
		e.errs = append(e.errs, fmt.Errorf("%s must not be 0: leave it unset for the default, or set it to %s", name, want))
		return zero
	}
	if err != nil {
		e.errs = append(e.errs, fmt.Errorf("cannot read %s: set it to %s", name, want))
		return zero
	}
	return v
}

var errZero = errors.New("is 0")

// nonzero refuses 0 where it is no value of the range: Config takes it for the
// default, and whoever writes it into a variable means something else.
func nonzero[T int | time.Duration](parse func(string) (T, error)) func(string) (T, error) {
	return func(text string) (T, error) {
		v, err := parse(text)
		if err == nil && v == 0 {
			err = errZero
		}
		return v, err
	}
}

func parseApps(text string) ([]App, error) {
	var apps []App
	for item := range strings.SplitSeq(text, ",") {
		id, secret, found := strings.Cut(strings.TrimSpace(item), ":")
		if !found || id == "" || secret == "" {
			return nil, errors.New("not appid:secret")
		}
		apps = append(apps, App{AppID: id, Secret: NewSecret(secret)})
	}
	return apps, nil
}

func parseRate(text string) (r Rate, err error) { return r, r.UnmarshalText([]byte(text)) }

func parseList(text string) (items []string, err error) {
	for item := range strings.SplitSeq(text, ",") {
		items = append(items, strings.TrimSpace(item))
	}
	return items, nil
}

// parseNetworks takes an address for the network of itself alone.
func parseNetworks(text string) (networks []netip.Prefix, err error) {
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if ip, err := netip.ParseAddr(item); err == nil {
			networks = append(networks, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(item)
		if err != nil {
			return nil, err
		}
		networks = append(networks, network)
	}
	return networks, nil
}

func parseKeys(text string) (keys []Secret, err error) {
	for item := range strings.SplitSeq(text, ",") {
		keys = append(keys, NewSecret(strings.TrimSpace(item)))
	}
	_, err = decodeKeys(keys)
	return keys, err
}
