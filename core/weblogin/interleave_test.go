package weblogin_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
)

// scenes are the pairs of requests that race each other, and how far the login is
// then.
func scenes() map[string]func(t testing.TB) *scene {
	return map[string]func(t testing.TB) *scene{
		"two polls at the confirmation": func(t testing.TB) *scene {
			return newScene(t, "scan confirm", polls("poll", ""), polls("poll 2", "?state=scanned&wait=20"))
		},
		"two users scan": func(t testing.TB) *scene {
			return newScene(t, "", acts("scan", byAlice, "scan"), acts("scan by bob", byBob, "scan"))
		},
		"confirm and deny": func(t testing.TB) *scene {
			return newScene(t, "scan", acts("confirm", byAlice, "confirm"), acts("deny", byAlice, "deny"))
		},
		"confirm and a poll": func(t testing.TB) *scene {
			return newScene(t, "scan", acts("confirm", byAlice, "confirm"), polls("poll", "?state=scanned&wait=2"))
		},
		"confirm and the end": func(t testing.TB) *scene {
			return newScene(t, "scan", acts("confirm", byAlice, "confirm"), request{passes, nil})
		},
		"a poll and the end": func(t testing.TB) *scene {
			return newScene(t, "scan confirm", polls("poll", ""), request{passes, nil})
		},
		"a poll and a log-out everywhere": func(t testing.TB) *scene {
			return newScene(t, "scan confirm", polls("poll", ""), logsOut("log-out everywhere", "?all=1"))
		},
		"a poll and a log-out": func(t testing.TB) *scene {
			return newScene(t, "scan confirm", polls("poll", ""), logsOut("log-out", ""))
		},
		"confirm and a log-out everywhere": func(t testing.TB) *scene {
			return newScene(t, "scan", acts("confirm", byAlice, "confirm"), logsOut("log-out everywhere", "?all=1"))
		},
		"two uses of a ticket": func(t testing.TB) *scene {
			return newScene(t, "", enters("enter"), enters("enter 2"))
		},
		"a ticket and a log-out": func(t testing.TB) *scene {
			return newScene(t, "", enters("enter"), logsOut("log-out", ""))
		},
		"a ticket and a log-out everywhere": func(t testing.TB) *scene {
			return newScene(t, "", enters("enter"), logsOut("log-out everywhere", "?all=1"))
		},
		"two images": func(t testing.TB) *scene {
			sc := newScene(t, "", draws("draw"), draws("draw 2"))
			delete(sc.items, "x:code:"+sc.id)
			return sc
		},
	}
}

// TestEveryOrderOfTwoRequests runs two requests in every order of their calls to
// the store; each also with every call failing (without effect, with it, or with
// it later), and with a crash after every call that changed something.
func TestEveryOrderOfTwoRequests(t *testing.T) {
	for name, make := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				se := newSearch(make(t), 1)
				if err := se.explore(); err != nil {
					t.Fatal(err)
				}
				if se.schedules() < 2 {
					t.Error("there was nothing to schedule")
				}
				t.Logf("%.0f schedules lead through %d states; %d runs, %d of them to an end", se.schedules(), len(se.follows), se.runs, se.ends)
			})
		})
	}
}

// TestThreeRequestsAtRandom goes where the search cannot: more requests at once,
// and up to three failures or crashes.
func TestThreeRequestsAtRandom(t *testing.T) {
	const runs = 1500
	for name, requests := range map[string]func() (string, []request){
		"the login": func() (string, []request) {
			return "scan confirm", []request{polls("poll", ""), polls("poll 2", "?state=scanned&wait=3"), logsOut("log-out everywhere", "?all=1")}
		},
		"the decision": func() (string, []request) {
			return "scan", []request{acts("confirm", byAlice, "confirm"), acts("deny", byAlice, "deny"), polls("poll", "?state=scanned&wait=3"), {passes, nil}}
		},
		"the ticket": func() (string, []request) {
			return "", []request{enters("enter"), enters("enter 2"), logsOut("log-out", "")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				actions, list := requests()
				sc := newScene(t, actions, list...)
				for seed := range uint64(runs) {
					r := rand.New(rand.NewPCG(seed, 1))
					if err := sc.atRandom(r, r.IntN(4)); err != nil {
						t.Fatalf("seed %d: %v", seed, err)
					}
				}
			})
		})
	}
}

// TestLeavingOffLosesNothing compares the search with one that runs every
// schedule to its end.
func TestLeavingOffLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		make := scenes()["two users scan"]
		short, long := newSearch(make(t), 1), newSearch(make(t), 1)
		long.exhaustive = true
		for _, se := range []*search{short, long} {
			if err := se.explore(); err != nil {
				t.Fatal(err)
			}
		}
		if short.schedules() != float64(long.ends) || len(short.follows) != len(long.follows) {
			t.Errorf("%.0f schedules and %d states, it should be %d and %d", short.schedules(), len(short.follows), long.ends, len(long.follows))
		}
	})
}
