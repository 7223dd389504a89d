package core

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// Warner is implemented by stores that can tell of settings of their server that
// undermine what a Manager promises, such as one that evicts. New has it asked
// once, in the background, and logs what it says.
type Warner interface {
	// Warnings returns a sentence each, with what to do. An error means that the
	// server could not be asked.
	Warnings(ctx context.Context) ([]string, error)
}

const (
	warningTries   = 5
	warningPause   = 10 * time.Second
	warningTimeout = 5 * time.Second
)

// tellOfStore says at the start what may be meant so, and is found too late where it
// is not: behind a balancer, sessions that another instance knows nothing of; on a
// Redis, requests that each ask it.
func (m *Manager) tellOfStore(store Store) {
	ctx := context.Background()
	if m.local {
		m.log.line(ctx, slog.LevelInfo,
			"sessions live in this process alone, and end with it: set Store (WX_STORE) to redis:// or memcached:// where there are several instances, or where a restart must not log everybody out")
		return
	}
	if _, direct := store.(AppendGetter); direct {
		return
	}
	if _, wrapped := storeAs[AppendGetter](store); wrapped {
		m.log.line(ctx, slog.LevelInfo,
			"requests do not use a near cache, as the store is wrapped by one without AppendGet: let it have one that asks the inner store's",
			slog.String("store", fmt.Sprintf("%T", store)))
	}
}

// warn asks the store until it answers, a few times. That it does not is logged
// once, here: a typing error in its address should show before the first user comes.
func (m *Manager) warn(w Warner) {
	ctx := context.Background()
	var err error
	defer m.recoverPanic(ctx, "a store panicked", &err)
	for try := range warningTries {
		asking, cancel := context.WithTimeout(ctx, warningTimeout)
		var found []string
		found, err = w.Warnings(asking)
		cancel()
		if err == nil {
			for _, text := range found {
				m.log.line(ctx, slog.LevelWarn, text)
			}
			return
		}
		if try == 0 {
			m.warnOfSilence(ctx)
		}
		if m.pause(ctx, warningPause) != nil {
			return
		}
	}
}

// warnOfSilence asks once more: to connect may take longer than a call.
func (m *Manager) warnOfSilence(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, warningTimeout)
	defer cancel()
	if err := m.Ping(ctx); err != nil {
		m.log.silentStore(ctx, err)
	}
}

// warnOfProxy tells once of a refusal that a proxy may have brought about which
// nobody has named: a client without a public address, or on a Unix socket, has
// forwarded for somebody, and was refused itself. A framework that believes it would
// have named one of the addresses in the header. Proxies write an address last; a
// client of the network that writes one itself cannot be told from them.
func (m *Manager) warnOfProxy(ctx context.Context, req *Request, e *Error) {
	if e.Code != CodeRateLimited || e.ErrCode != 0 || e.reason != "" && e.reason != ReasonAddress ||
		m.proxyNoted.Load() || !nearBy(req.Address) || trustedPeer(req.Address, m.cfg.TrustedProxies) {
		return
	}
	forwarded := req.header("X-Forwarded-For")
	forwarded = forwarded[max(0, len(forwarded)-maxForwarded):]
	_, last := forwardedAddress(strings.TrimSpace(forwarded[strings.LastIndexByte(forwarded, ',')+1:]))
	if !last || forwardedFor(forwarded, req.Address) || m.proxyNoted.Swap(true) {
		return
	}
	m.log.line(ctx, slog.LevelWarn,
		"requests that a proxy forwards may count as one client's: set WX_TRUSTED_PROXIES to its address, or in Gin SetTrustedProxies, in Echo IPExtractor")
}

// warnOfSilentProxy tells once of a proxy that is named and does not say for whom it
// sends. A framework that goes by another header of the proxy names the client by it,
// and no proxy.
func (m *Manager) warnOfSilentProxy(req *Request) {
	if m.silentNoted.Load() || req.header("X-Forwarded-For") != "" ||
		!trustedPeer(req.Address, m.cfg.TrustedProxies) || m.silentNoted.Swap(true) {
		return
	}
	m.log.line(context.Background(), slog.LevelWarn,
		"a trusted proxy does not say whose requests it forwards, all its users count as one client: set X-Forwarded-For in the proxy's configuration (nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for)")
}

// maxForwarded is how much of a header is read, from its end: a client can make it
// long, and each refusal would cost that.
const maxForwarded = 1 << 10

// forwardedFor reports whether address is one of those in the header.
func forwardedFor(header, address string) bool {
	ip, err := netip.ParseAddr(address)
	for one := range strings.SplitSeq(header, ",") {
		if named, ok := forwardedAddress(strings.TrimSpace(one)); ok && err == nil && named == ip.Unmap().WithZone("") {
			return true
		}
	}
	return false
}

// nearBy reports whether a connection's address is of this machine or its network.
func nearBy(address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address == "@"
	}
	ip = ip.Unmap()
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) // load balancers of clouds have it
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || shared.Contains(ip)
}
