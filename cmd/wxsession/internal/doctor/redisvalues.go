package doctor

import (
	"context"
	"strconv"
	"strings"
)

const (
	scanCount = 1000
	maxScans  = 100 // SCANs, of each server
)

func (v *redisVisit) checkValues(ctx context.Context) {
	s := v.d.newSample(v.f, v.target.Prefix)
	if s == nil {
		return
	}
	for _, n := range v.nodes {
		if err := v.takeSample(ctx, n, s, max(1, maxSample/len(v.nodes))); err != nil {
			v.f.skip("store.values", "this user may not look for stored values (SCAN)", "grant +scan, for as long as the doctor looks: ACL SETUSER … +scan, then -scan")
			return
		}
	}
	s.judge(v.f)
}

// takeSample looks at values of one server. A key that ends meanwhile is passed
// over.
func (v *redisVisit) takeSample(ctx context.Context, n *node, s *sample, most int) error {
	cursor, most := "0", len(s.seen)+most
	for range maxScans {
		reply, err := n.do(ctx, "SCAN", cursor, "MATCH", escapeGlob(v.target.Prefix)+"*", "COUNT", strconv.Itoa(scanCount))
		if err != nil {
			return err
		}
		entry, err := reply.AsScanEntry()
		if err != nil {
			return err
		}
		for _, full := range entry.Elements {
			if len(s.seen) >= most || ctx.Err() != nil {
				return nil
			}
			if key, ok := s.wants(full); ok {
				v.look(ctx, n, s, key)
			}
		}
		if cursor = strconv.FormatUint(entry.Cursor, 10); cursor == "0" {
			return nil
		}
	}
	s.cut = true
	return nil
}

func (v *redisVisit) look(ctx context.Context, n *node, s *sample, key string) {
	reply, err := n.do(ctx, "GET", v.target.Prefix+key)
	if replyCode(err) == "WRONGTYPE" {
		s.unknown++
		return
	}
	if raw, bad := reply.AsBytes(); err == nil && bad == nil {
		s.take(key, raw)
	}
}

// escapeGlob makes SCAN take a text as it is.
func escapeGlob(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(text)
}
