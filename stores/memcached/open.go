package memcached

import "context"

// Open returns a Store for a data source name:
//
//	memcached://host[:port][,host[:port]…][?option=value&…]
//
// Ports are 11211 by default, IPv6 addresses stand in brackets, and a server
// that begins with a slash is a Unix socket: memcached:///run/memcached.sock.
//
//	option     default    meaning
//	max_conns  64         connections at most, per server
//	max_idle   max_conns  connections kept when idle, per server
//	prefix     wx:        put before every key, to share servers with others
//	timeout    500ms      for each call, 10ms to 1m
//
// An unknown option is an error. So is a name that is not well formed; the error
// does not quote it. A server that cannot be reached or resolved is no error:
// calls fail while it is away, and work as soon as it is there. Close the Store
// when it is no longer needed.
func Open(ctx context.Context, dsn string) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	return &Store{options: s.Options, backend: newPool(s)}, nil
}

// ParseDSN returns which servers a data source name lists, and the settings in
// it, for tools that look at the servers themselves, such as wxsession doctor.
// It connects to none. Its errors are those of Open.
func ParseDSN(dsn string) (*Selector, Options, error) {
	s, err := parse(dsn)
	return s.selector, s.Options, err
}
