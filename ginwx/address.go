package ginwx

import (
	"net/http"
	"net/netip"
	"slices"

	"github.com/gin-gonic/gin"
)

// address is the client's as the engine's rules know it. One that nobody has told
// whom to trust believes everybody's X-Forwarded-For: there the connection's own
// address counts, as no browser can choose it. So it does where TrustedPlatform's
// header holds no address: all who write junk there would count as nobody.
func address(c *gin.Context) string {
	text, peer := c.ClientIP(), connection(c)
	believed, ok := withoutPort(text)
	if !ok || believed == peer {
		return peer
	}
	if byPlatform := addressFrom(c, "") == text; byPlatform || !believesEverybody(c, text) {
		return believed
	}
	return peer
}

// connection is the address of its other end; "@" for a Unix socket.
func connection(c *gin.Context) string {
	if peer := c.RemoteIP(); peer != "" {
		return peer
	}
	return c.Request.RemoteAddr
}

// withoutPort reads an address as platforms write it: some of them add the port.
func withoutPort(text string) (address string, ok bool) {
	if _, err := netip.ParseAddr(text); err == nil {
		return text, true
	}
	both, err := netip.ParseAddrPort(text)
	return both.Addr().String(), err == nil
}

// believesEverybody reports whether the engine takes this address from a peer that
// is nobody's proxy. Gin shows its list of proxies to nobody, so it is asked about
// addresses that no connection has: "this network" and the broadcast, which are in
// the two halves of IPv4, a multicast address of IPv6, and one of an experiment
// that is over, which is in 2000::/3, all of IPv6 that is given away. A list that
// leaves them out is taken for what somebody has chosen, however long it is.
func believesEverybody(c *gin.Context, believed string) bool {
	nobodys := []string{"0.0.0.1:1", "255.255.255.255:1", "[ff02::1]:1", "[2001:10::1]:1"}
	return slices.ContainsFunc(nobodys, func(peer string) bool { return addressFrom(c, peer) == believed })
}

// addressFrom is what ClientIP would say if the request had come from another peer.
// From none, "", it is the word of Engine.TrustedPlatform, which counts whoever the
// peer is.
func addressFrom(c *gin.Context, peer string) string {
	other := c.Copy()
	other.Request = &http.Request{RemoteAddr: peer, Header: c.Request.Header}
	return other.ClientIP()
}
