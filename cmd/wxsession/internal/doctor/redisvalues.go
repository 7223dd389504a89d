package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// The sample is bounded by what is read, and by what is passed over to find it:
// others may keep millions of keys beside ours.
const (
	maxSample = 500 // values, of all servers
	scanCount = 1000
	maxScans  = 100 // SCANs, of each server
)

// sample is what was found among the stored values.
type sample struct {
	values  int
	seals   map[core.Seal]int
	named   int            // values that say whose they are
	foreign map[string]int // those of apps that are not configured
	unknown int            // keys that this release does not write
}

func (v *redisVisit) checkValues(ctx context.Context) {
	inspector, err := core.NewInspector(v.d.cfg, v.target.Prefix)
	if err != nil || v.d.errs != nil && len(v.d.cfg.Keys) == 0 && v.d.getenv("WX_KEYS") != "" {
		v.f.skip("store.values", "without the keys they cannot be looked at", "")
		return
	}
	s := sample{seals: map[core.Seal]int{}, foreign: map[string]int{}}
	for _, n := range v.nodes {
		if err := v.takeSample(ctx, n, inspector, &s, max(1, maxSample/len(v.nodes))); err != nil {
			v.f.skip("store.values", "this user may not look for stored values (SCAN)", "grant +scan, for as long as the doctor looks: ACL SETUSER … +scan, then -scan")
			return
		}
	}
	v.judgeSeals(s)
	v.judgeOwners(s)
}

// takeSample looks at values of one server. A key that ends meanwhile is passed
// over.
func (v *redisVisit) takeSample(ctx context.Context, n *node, inspector *core.Inspector, s *sample, most int) error {
	cursor, seen := "0", map[string]bool{}
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
			key := strings.TrimPrefix(full, v.target.Prefix)
			if seen[key] || strings.HasPrefix(key, ourKeys) {
				continue // SCAN may show a key twice
			}
			seen[key] = true
			if len(seen) > most || ctx.Err() != nil {
				return nil
			}
			v.look(ctx, n, inspector, s, key)
		}
		if cursor = strconv.FormatUint(entry.Cursor, 10); cursor == "0" {
			break
		}
	}
	return nil
}

func (v *redisVisit) look(ctx context.Context, n *node, inspector *core.Inspector, s *sample, key string) {
	reply, err := n.do(ctx, "GET", v.target.Prefix+key)
	if replyCode(err) == "WRONGTYPE" {
		s.unknown++
		return
	}
	raw, bad := reply.AsBytes()
	if err != nil || bad != nil {
		return
	}
	found := inspector.Inspect(key, raw)
	if found.Kind == "" {
		s.unknown++
		return
	}
	s.values++
	s.seals[found.Seal]++
	if found.AppID == "" {
		return
	}
	s.named++
	if !v.d.configured(found.AppID) {
		s.foreign[found.AppID]++
	}
}

func (d *doctor) configured(appID string) bool {
	return slices.ContainsFunc(d.apps(), func(a core.App) bool { return a.AppID == appID })
}

// apps are those that are configured, the default one first.
func (d *doctor) apps() []core.App {
	if d.cfg.AppID == "" {
		return d.cfg.Apps
	}
	return append([]core.App{{AppID: d.cfg.AppID, Secret: d.cfg.Secret}}, d.cfg.Apps...)
}

// escapeGlob makes SCAN take a text as it is.
func escapeGlob(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(text)
}

func (v *redisVisit) judgeSeals(s sample) {
	of := fmt.Sprintf("of %s that were looked at", plural(s.values, "value"))
	tell := func(say func(name, message, advice string), seal core.Seal, what, do string) {
		if n := s.seals[seal]; n > 0 {
			say("store.values", fmt.Sprintf("%d %s %s", n, of, what), do)
		}
	}
	sealed := len(v.d.cfg.Keys) > 0
	switch {
	case sealed:
		tell(v.f.fail, core.SealUnknown, "are sealed with a key that is not among WX_KEYS: their users are logged out",
			"put that key back at the end of WX_KEYS; a new one stands at the end, everywhere, before it stands in front")
	default:
		tell(v.f.fail, core.SealUnknown, "are sealed, and WX_KEYS is not set: their users get 503", "set WX_KEYS as on the other instances")
	}
	if sealed && !v.d.cfg.AcceptClear {
		tell(v.f.fail, core.SealNone, "are in clear: they count as absent, their users are logged out", "set WX_ACCEPT_CLEAR=true for one lifetime, if the keys are new here")
	} else if sealed {
		tell(v.f.warn, core.SealNone, "are in clear", "leave WX_ACCEPT_CLEAR set for one lifetime; each use seals a session anew")
	}
	tell(v.f.fail, core.SealBroken, "do not open: they were damaged, moved from another key or prefix, or written by somebody else",
		"see who else writes under this prefix; those values count as absent")
	tell(v.f.fail, core.SealLater, "are in a form that this release does not know", "run the release that the other instances run, or a later one")
	bad := s.seals[core.SealUnknown] + s.seals[core.SealBroken] + s.seals[core.SealLater]
	if sealed {
		bad += s.seals[core.SealNone]
	}
	switch good := s.values - bad; {
	case s.values == 0:
		v.f.ok("store.values", "there are none yet")
	case good == 0:
	case s.seals[core.SealOlder] > 0:
		v.f.ok("store.values", "%d %s open, %d of them with an older key: it has to stay for one idle timeout (%v) after the newer one came", good, of, s.seals[core.SealOlder], v.d.idleTimeout())
	default:
		v.f.ok("store.values", "%d %s can be read", good, of)
	}
}

func (v *redisVisit) judgeOwners(s sample) {
	if v.d.errs != nil { // perhaps in WX_APPS
		s.foreign = nil
	}
	for _, app := range slices.Sorted(maps.Keys(s.foreign)) {
		v.f.warn("store.apps", fmt.Sprintf("%s of the app %s, which is not configured here: its sessions are refused", plural(s.foreign[app], "value"), app),
			"add it to WX_APPS, or give each service a prefix of its own (?prefix=shop: in "+mendDSN+")")
	}
	if len(s.foreign) == 0 && s.named > 0 && v.d.errs == nil {
		v.f.ok("store.apps", "no sampled value names an app that is not configured")
	}
	if s.unknown > 0 {
		v.f.warn("store.prefix", fmt.Sprintf("%s under the prefix %q that this release does not write: somebody else uses it", plural(s.unknown, "key"), v.target.Prefix),
			"give the sessions a prefix of their own (?prefix=shop: in "+mendDSN+")")
	} else {
		v.f.ok("store.prefix", "nobody else writes under the prefix %q", v.target.Prefix)
	}
}
