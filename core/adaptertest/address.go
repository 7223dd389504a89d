package adaptertest

import (
	"context"
	"net/netip"

	"github.com/wxsession/wxsession/core"
)

func addressRows() []row {
	return []row{
		{name: "a client cannot choose its address", check: (*rig).ownAddress},
		{name: "behind a trusted proxy the client's address is the one that the proxy names", check: (*rig).proxiedAddress},
		{name: "a limit for addresses is 429 with Retry-After, and counts clients behind a proxy one by one", check: (*rig).addressLimit},
	}
}

func (a *App) address(_ context.Context, req core.Request) (any, error) {
	if err := a.Err(); err != nil {
		return nil, err
	}
	var body struct{}
	if err := req.DecodeOptional(&body); err != nil {
		return nil, err
	}
	return map[string]string{"address": req.Address}, nil
}

// from returns the client's address as a route sees it.
func (r *rig) from(headers ...string) string {
	r.Helper()
	var reply struct {
		Address string `json:"address"`
	}
	r.do("POST", "/wx/address", "", headers...).want(200).decode(&reply)
	return reply.Address
}

func (r *rig) ownAddress() {
	r.start()
	for _, headers := range [][]string{
		nil,
		{"X-Forwarded-For", "198.51.100.9"},
		{"X-Forwarded-For", "127.0.0.1, 198.51.100.9"},
		{"X-Real-Ip", "198.51.100.9", "Forwarded", "for=198.51.100.9", "True-Client-Ip", "198.51.100.9"},
	} {
		got := r.from(headers...)
		if ip, err := netip.ParseAddr(got); err != nil || !ip.IsLoopback() {
			r.Errorf("with %q the client's address is %q, want that of the connection", headers, got)
		}
	}
}

// behindProxy trusts what connects to the application, as all rows do, and
// another proxy at 10.0.0.2.
func behindProxy(c *core.Config) {
	for _, network := range []string{"127.0.0.0/8", "::1/128", "10.0.0.0/8"} {
		c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(network))
	}
}

func (r *rig) proxiedAddress() {
	r.start(behindProxy)
	for _, lines := range [][]string{
		{"192.0.2.1"},
		{"198.51.100.9, 192.0.2.1"},
		{"198.51.100.9", "192.0.2.1"}, // the proxy has added a line
		{"198.51.100.9", "192.0.2.1, 10.0.0.2"},
	} {
		var headers []string
		for _, line := range lines {
			headers = append(headers, "X-Forwarded-For", line)
		}
		if got := r.from(headers...); got != "192.0.2.1" {
			r.Errorf("with X-Forwarded-For %q the client's address is %q, want 192.0.2.1", lines, got)
		}
	}
}

func (r *rig) addressLimit() {
	r.start(behindProxy, func(c *core.Config) { c.LimitAddress = core.Rate{N: 1, Per: keyMaxAge} })
	from := func(address string) *answer {
		return r.do("POST", "/wx/login", loginBody(r.wx.Code(r.wx.OpenID("alice"))), "X-Forwarded-For", "198.51.100.9, "+address)
	}
	for range 2 { // the burst
		from("192.0.2.1").want(200)
	}
	from("192.0.2.1").wantRefusal(429, core.CodeRateLimited)
	from("192.0.2.2").want(200)
}
