package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// The sample is bounded by what is read, and by what is passed over to find it:
// others may keep millions of keys beside ours.
const maxSample = 500 // values, of all servers

// sample is what was found among the stored values.
type sample struct {
	d         *Doctor
	prefix    string
	inspector *core.Inspector

	seen      map[string]bool // keys without prefix; a server may list one twice
	values    int
	seals     map[core.Seal]int
	named     int            // values that say whose they are
	foreign   map[string]int // those of apps that are not configured
	unknown   int            // keys that this release does not write
	cut       bool           // there are more keys than were looked through
	misplaced int            // keys on a server where the DSN does not look for them
}

// newSample returns nil where the keys are wanting, and says so.
func (d *Doctor) newSample(f findings, prefix string) *sample {
	inspector, err := core.NewInspector(d.cfg, prefix)
	if err != nil || d.errs != nil && len(d.cfg.Keys) == 0 && d.keysSet {
		f.skip("store.values", "without the keys they cannot be looked at", "")
		return nil
	}
	return &sample{d: d, prefix: prefix, inspector: inspector, seen: map[string]bool{}, seals: map[core.Seal]int{}, foreign: map[string]int{}}
}

// wants returns a key of a server without its prefix, and whether to look at it.
func (s *sample) wants(full string) (key string, ok bool) {
	key, ok = strings.CutPrefix(full, s.prefix)
	if !ok || s.seen[key] || strings.HasPrefix(key, ourKeys) {
		return "", false
	}
	s.seen[key] = true
	return key, true
}

// take looks at a value.
func (s *sample) take(key string, raw []byte) {
	found := s.inspector.Inspect(key, raw)
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
	if !s.d.configured(found.AppID) {
		s.foreign[found.AppID]++
	}
}

func (d *Doctor) configured(appID string) bool {
	return slices.ContainsFunc(d.apps(), func(a core.App) bool { return a.AppID == appID })
}

// apps are those that are configured, the default one first.
func (d *Doctor) apps() []core.App {
	if d.cfg.AppID == "" {
		return d.cfg.Apps
	}
	return append([]core.App{{AppID: d.cfg.AppID, Secret: d.cfg.Secret}}, d.cfg.Apps...)
}

// judge says what was found.
func (s *sample) judge(f findings) {
	s.judgeSeals(f)
	s.judgePlaces(f)
	s.judgeOwners(f)
}

// judgePlaces is about Memcached, whose clients choose the server of a key.
func (s *sample) judgePlaces(f findings) {
	if s.misplaced > 0 {
		f.warn("store.values", fmt.Sprintf("%s on servers where this DSN does not look for them: the list of servers was changed, or other instances have another one", areKeys(s.misplaced)),
			"list the same servers, by the same names, in "+mendDSN+" of all instances; what a change has left behind goes by itself within a lifetime")
	}
}

func areKeys(n int) string {
	if n == 1 {
		return "1 key is"
	}
	return fmt.Sprintf("%d keys are", n)
}

func (s *sample) judgeSeals(f findings) {
	of := fmt.Sprintf("of %d sampled values", s.values)
	tell := func(say func(name, message, advice string), seal core.Seal, what, do string) {
		if n := s.seals[seal]; n > 0 {
			say("store.values", fmt.Sprintf("%d %s %s", n, of, what), do)
		}
	}
	sealed := len(s.d.cfg.Keys) > 0
	switch {
	case sealed:
		tell(f.fail, core.SealUnknown, "are sealed with a key that is not among WX_KEYS: their users are logged out",
			"put that key back at the end of WX_KEYS; a new one stands at the end, everywhere, before it stands in front")
	default:
		tell(f.fail, core.SealUnknown, "are sealed, and WX_KEYS is not set: their users get 503", "set WX_KEYS as on the other instances")
	}
	if sealed && !s.d.cfg.AcceptClear {
		tell(f.fail, core.SealNone, "are in clear: they count as absent, their users are logged out", "set WX_ACCEPT_CLEAR=true for one lifetime, if the keys are new here")
	} else if sealed {
		tell(f.warn, core.SealNone, "are in clear", "leave WX_ACCEPT_CLEAR set for one lifetime; each use seals a session anew")
	}
	tell(f.fail, core.SealBroken, "do not open: they were damaged, moved from another key or prefix, or written by somebody else",
		"see who else writes under this prefix; those values count as absent")
	tell(f.fail, core.SealLater, "are in a form that this release does not know", "run the release that the other instances run, or a later one")
	bad := s.seals[core.SealUnknown] + s.seals[core.SealBroken] + s.seals[core.SealLater]
	if sealed {
		bad += s.seals[core.SealNone]
	}
	switch good := s.values - bad; {
	case s.values == 0 && s.cut:
		f.ok("store.values", "there are none among the keys that were looked through; the server has more")
	case s.values == 0:
		f.ok("store.values", "there are none yet")
	case good == 0:
	case s.seals[core.SealOlder] > 0:
		f.ok("store.values", "%d %s open, %d of them with an older key: it has to stay for one idle timeout (%s) after the newer one came", good, of, s.seals[core.SealOlder], short(s.d.idleTimeout()))
	default:
		f.ok("store.values", "%d %s can be read", good, of)
	}
}

func (s *sample) judgeOwners(f findings) {
	if s.d.errs != nil { // perhaps in WX_APPS
		s.foreign = nil
	}
	for _, app := range slices.Sorted(maps.Keys(s.foreign)) {
		f.warn("store.apps", fmt.Sprintf("%s of the app %s, which is not configured here: its sessions are refused", plural(s.foreign[app], "value"), app),
			"add it to WX_APPS, or give each service a prefix of its own (?prefix=shop: in "+mendDSN+")")
	}
	if len(s.foreign) == 0 && s.named > 0 && s.d.errs == nil {
		f.ok("store.apps", "no sampled value names an app that is not configured")
	}
	if s.unknown > 0 {
		f.warn("store.prefix", fmt.Sprintf("%s under the prefix %q that this release does not write: somebody else uses it", plural(s.unknown, "key"), s.prefix),
			"give the sessions a prefix of their own (?prefix=shop: in "+mendDSN+")")
	} else {
		f.ok("store.prefix", "nobody else writes under the prefix %q", s.prefix)
	}
}
