package core

import (
	"net/netip"
	"slices"
	"strings"
)

// clientAddress is the address of the client behind the proxies that are trusted:
// the first one from the right in X-Forwarded-For that is not theirs. What stands
// to its left is the client's own word.
func clientAddress(req Request, trusted []netip.Prefix) string {
	if !trustedPeer(req.Address, trusted) {
		return req.Address
	}
	lines, ok := req.Header.(interface{ Values(name string) []string })
	if !ok {
		return req.Address // the first line alone may be the client's
	}
	address := req.Address
	for _, line := range slices.Backward(lines.Values("X-Forwarded-For")) {
		for line != "" {
			cut := strings.LastIndexByte(line, ',')
			ip, ok := forwardedAddress(strings.TrimSpace(line[cut+1:]))
			if !ok {
				return address // no proxy writes that: it is the last that is known
			}
			address = ip.String()
			if !among(ip, trusted) {
				return address
			}
			line = line[:max(cut, 0)]
		}
	}
	return address
}

// trustedPeer reports whether the other end of the connection is a proxy. One on
// a Unix socket has no address, and is on this machine.
func trustedPeer(address string, trusted []netip.Prefix) bool {
	if len(trusted) == 0 {
		return false
	}
	ip, err := netip.ParseAddr(address)
	return address == "" || address == "@" || err == nil && among(ip, trusted)
}

// forwardedAddress reads what proxies write: an address, some of them with a port.
func forwardedAddress(text string) (ip netip.Addr, ok bool) {
	ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		withPort, portErr := netip.ParseAddrPort(text)
		ip, err = withPort.Addr(), portErr
	}
	return ip.Unmap().WithZone(""), err == nil
}

func among(ip netip.Addr, networks []netip.Prefix) bool {
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// unmappedNetworks returns networks as among compares them: those of IPv4 without
// the prefix ::ffff:. One that is wider than that prefix stays as it is.
func unmappedNetworks(networks []netip.Prefix) []netip.Prefix {
	networks = slices.Clone(networks)
	for i, p := range networks {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			networks[i] = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
	}
	return networks
}

// addressKey is what counts as one client: an IPv4 address, or an IPv6 network of
// the size that one household has. "" for what is no address.
func addressKey(address string) string {
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

const (
	// siteFactor is how many times the rate of one address an IPv6 /48 has. A provider
	// gives it to one customer, who has 65,536 networks then that each count as an
	// address; or has thousands of phones in it.
	siteFactor = 100
	// noSite has the same rate, for all together whose address is not known.
	noSite = "none"
)

// siteKey is the /48 of an address's key; "" for one of IPv4.
func siteKey(addressKey string) string {
	if addressKey == "" {
		return noSite
	}
	if !strings.Contains(addressKey, "/") {
		return "" // not by the parser's error, which costs an allocation
	}
	network, _ := netip.ParsePrefix(addressKey)
	site, _ := network.Addr().Prefix(48)
	return site.String()
}
