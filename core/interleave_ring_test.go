package core

import (
	"cmp"
	"fmt"
	"slices"
)

// ring checks that the user has the session_keys of the last two logins that
// were stored.
func (in *inspection) ring() error {
	if in.set.skew != nil && coreRules().answerOrder {
		return nil // who can tell
	}
	got, err := ringOf(in.m, testAppID, sceneUser)
	if err != nil {
		return err
	}
	want := in.answersThatWereStored()
	right := len(got) == min(len(want), 2)
	for n := range got {
		right = right && in.mayStand(got[n], n, want)
	}
	if !right {
		return fmt.Errorf("the ring holds %q, the logins brought %q, the newest first", got, keysOf(want))
	}
	return nil
}

// answersThatWereStored are those whose logins are in the index, the newest
// first.
func (in *inspection) answersThatWereStored() []answer {
	stored := in.store.answers[:1:1]
	for _, w := range in.store.writes {
		before := in.ids(w.before)
		added := slices.ContainsFunc(in.ids(w.after), func(id string) bool { return !slices.Contains(before, id) })
		i := slices.IndexFunc(in.store.answers, func(a answer) bool { return a.task == w.task })
		if added && i > 0 {
			stored = append(stored, in.store.answers[i])
		}
	}
	if in.set.answers || coreRules().answerOrder {
		in.sortByAnswer(stored)
	}
	slices.Reverse(stored)
	return slices.CompactFunc(stored, func(a, b answer) bool { return a.key == b.key })
}

func (in *inspection) sortByAnswer(stored []answer) {
	earlier := func(a, b answer) int { return cmp.Compare(a.at, b.at) }
	if !slices.IsSortedFunc(stored, earlier) {
		in.store.seen[outOfOrder]++
	}
	slices.SortStableFunc(stored, earlier)
}

// outOfOrder is a run in which logins were stored in another order than WeChat
// answered them.
const outOfOrder = "stored in another order than answered"

// mayStand tells whether key may be the n-th of a ring: of answers at the same
// moment any may count as the later.
func (in *inspection) mayStand(key string, n int, want []answer) bool {
	for i, a := range want {
		if a.key == key {
			return i == n || coreRules().answerOrder && a.at == want[n].at
		}
	}
	return false
}

func keysOf(answers []answer) (keys []string) {
	for _, a := range answers {
		keys = append(keys, a.key)
	}
	return keys
}
