package weblogin

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxBrowser = 200 // characters of a User-Agent that are kept
	maxDevice  = 128 // bytes of a device label
)

// browserName is a User-Agent as a user can be shown it: the printable ones of
// its first characters, up to 200 of them. What else it may hold could reorder or
// hide text on the phone.
func browserName(userAgent string) string {
	var b strings.Builder
	n := 0
	for _, r := range userAgent {
		if n == maxBrowser {
			break
		}
		if r != utf8.RuneError && unicode.IsPrint(r) {
			b.WriteRune(r)
			n++
		}
	}
	return strings.TrimSpace(b.String())
}

// deviceOf is the label of a session in the user's list: as much of the browser's
// name as fits.
func deviceOf(browser string) string {
	if browser == "" {
		return webDevice
	}
	end := 0
	for i, r := range browser {
		if i+utf8.RuneLen(r) > maxDevice {
			break
		}
		end = i + utf8.RuneLen(r)
	}
	return strings.TrimSpace(browser[:end])
}

// addressText is a client's address in its usual form; "" for what is none, such
// as the peer of a Unix socket.
func addressText(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// clientOf is what counts as one client: an IPv4 address, or the IPv6 network of a
// household; "" for what is no address.
func clientOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = behindNAT64(ip.WithZone("")).Unmap()
	if ip.Is4() {
		return ip.String()
	}
	network, _ := ip.Prefix(64) // of an IPv6 address there is one
	return network.String()
}

// behindNAT64 is the IPv4 address in one that a translator has made of it (RFC 6052's
// own prefix): else all clients of IPv4 would be one network of IPv6.
func behindNAT64(ip netip.Addr) netip.Addr {
	if b := ip.As16(); [12]byte(b[:12]) == [12]byte{0, 0x64, 0xff, 0x9b} {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip
}
