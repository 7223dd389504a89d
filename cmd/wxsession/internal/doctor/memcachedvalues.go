package doctor

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memcached"
)

// maxListed bounds how many keys of others are passed over on a server.
const maxListed = 100_000

// busy is what a server says whose crawler is under way, as it is now and then by
// itself.
const busy = "BUSY"

// checkValues adds the values of this server to the sample, as far as it lists
// their keys. It reports whether it does.
func (s *memServer) checkValues(ctx context.Context, f findings, all *sample, store core.Store, selector *memcached.Selector, most int) bool {
	keys, refused := s.listKeys(ctx, all, most)
	for end := time.Now().Add(patience); strings.HasPrefix(refused, busy) && time.Now().Before(end) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		keys, refused = s.listKeys(ctx, all, most)
	}
	if refused != "" {
		do := "start it without -o no_lru_crawler and without -X to have them looked at"
		if strings.HasPrefix(refused, busy) {
			do = "try again"
		}
		f.skip("store.values", s.addr.String()+": the server does not list its keys (lru_crawler metadump): "+refused, do)
		return false
	}
	for _, key := range keys {
		if at, err := selector.PickServer(all.prefix + key); err == nil && at != s.addr {
			all.misplaced++
			continue
		}
		if value, err := store.Get(ctx, key); err == nil { // else it has ended meanwhile
			all.take(key, value)
		}
	}
	return true
}

// listKeys returns some keys of ours, without prefix, or why there are none to be
// had. The rest of a long list is cut off with the connection.
func (s *memServer) listKeys(ctx context.Context, all *sample, most int) (keys []string, refused string) {
	conn, err := connect(ctx, s.addr.Network(), s.addr.String())
	if err != nil {
		return nil, "no connection"
	}
	defer conn.Close()
	r := boundedReader(conn)
	line, err := s.ask(conn, r, "lru_crawler metadump all")
	for range maxListed {
		switch {
		case line == "END", strings.HasPrefix(line, "NOTSTARTED"): // the latter: the server is empty
			return keys, ""
		case err != nil && len(keys) > 0:
			return keys, ""
		case err != nil:
			return nil, "no answer"
		case !strings.HasPrefix(line, "key="):
			return nil, line
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "key="), " ")
		if full, bad := url.PathUnescape(name); bad == nil {
			if key, ok := all.wants(full); ok {
				keys = append(keys, key)
			}
		}
		if len(keys) == most {
			return keys, ""
		}
		line, err = r.ReadString('\n')
		line = strings.TrimSpace(line)
	}
	all.cut = true
	return keys, ""
}
