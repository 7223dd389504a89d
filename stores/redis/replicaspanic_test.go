package redis_test

import (
	"strings"
	"testing"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/stores/redis"
)

// panicking is a client of the application's with a bug in a hook: of Dedicated,
// or of what the connection does.
type panicking struct {
	rueidis.Client
	early    bool
	released int
}

func (*panicking) Mode() rueidis.ClientMode { return rueidis.ClientModeStandalone }

func (c *panicking) Dedicated(use func(rueidis.DedicatedClient) error) error {
	if c.early {
		panic("marker")
	}
	err := use(nil) // whose methods panic
	c.released++
	return err
}

// TestAPanicOfTheApplicationsClientIsAnError: in a goroutine of the store's, where
// nobody else can recover it, it would end the process.
func TestAPanicOfTheApplicationsClientIsAnError(t *testing.T) {
	for _, early := range []bool{true, false} {
		client := &panicking{early: early}
		store, err := redis.New(client, redis.Options{WaitReplicas: 1})
		if err != nil {
			t.Fatal(err)
		}
		const calls = 20 // more than there are slots
		for range calls {
			err := store.Revoke(t.Context(), "s:k")
			if err == nil || !strings.Contains(err.Error(), "panic") || strings.Contains(err.Error(), "marker") {
				t.Errorf("early = %v: got %v, want an error that says so without the panic's value", early, err)
			}
		}
		if !early && client.released != calls {
			t.Errorf("%d connections of %d are given back", client.released, calls)
		}
	}
}
