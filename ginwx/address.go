package ginwx

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// address is the client's as the engine's rules know it. One that nobody has told
// whom to trust believes everybody's X-Forwarded-For: there the connection's own
// address counts, as no browser can choose it.
func address(c *gin.Context) string {
	believed, peer := c.ClientIP(), c.RemoteIP()
	if believed == peer {
		return peer
	}
	if byPlatform := addressFrom(c, "") == believed; byPlatform || !believesEverybody(c, believed) {
		return believed
	}
	return peer
}

// believesEverybody reports whether the engine takes this address from a peer that
// is nobody's proxy: the broadcast of IPv4, and a multicast address of IPv6, have
// no connections. Gin shows its list of proxies to nobody.
func believesEverybody(c *gin.Context, believed string) bool {
	return addressFrom(c, "255.255.255.255:1") == believed || addressFrom(c, "[ff02::1]:1") == believed
}

// addressFrom is what ClientIP would say if the request had come from another peer.
// From none, "", it is the word of Engine.TrustedPlatform, which counts whoever the
// peer is.
func addressFrom(c *gin.Context, peer string) string {
	other := c.Copy()
	other.Request = &http.Request{RemoteAddr: peer, Header: c.Request.Header}
	return other.ClientIP()
}
