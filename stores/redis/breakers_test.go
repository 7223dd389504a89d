package redis

import (
	"testing"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/internal/testserver"
)

// TestBreakersGoBySlots as the cluster's masters do.
func TestBreakersGoBySlots(t *testing.T) {
	f := testserver.NewFakeRedis(t, testserver.FakeHandshake)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{f.Addr}, ForceSingleClient: true, DisableCache: true, ClientSetInfo: rueidis.DisableClientSetInfo})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	b := newBreakers(cluster)
	for _, key := range []string{"123456789", "wx:s:abc_DEF-09", "wx:u:\xff\x00", "x"} {
		if slot := slotOf(client.B().Get().Key(key).Build()); b.of(key) != b[slot/(allSlots/groups)] {
			t.Errorf("the breaker of %q is not that of slot %d", key, slot)
		}
	}
	if b.of("") != b[groups] || len(newBreakers(single)) != 1 || len(newBreakers(sentinel)) != 1 {
		t.Error("calls without a key share a breaker, or servers with all keys have several")
	}
}
