package storetest

import (
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// Harness is what the suite needs to know of a backend. Only Open is required.
//
// The functions take a testing.TB: call its Fatal when something cannot be set
// up, and its Cleanup for what must be torn down. The suite closes each store
// that is an io.Closer.
type Harness struct {
	// Open returns a store that holds no data and shares none with the stores of
	// earlier calls, nor of earlier runs: on one server by a random prefix, see the
	// package's documentation.
	Open func(t testing.TB) core.Store

	// OpenPrefix returns a store that keeps its keys under prefix, over one
	// server that all calls share: equal prefixes see the same data, each through
	// its own connection and cache. The prefix is at most 32 bytes of the alphabet
	// of keys. Nil where the backend knows no prefixes; one store stands for both
	// connections then.
	OpenPrefix func(t testing.TB, prefix string) core.Store

	// Advance moves the clock by which the stores expire values. Nil means real
	// time: the suite waits then, a few seconds in all.
	Advance func(t testing.TB, d time.Duration)

	// Outage makes the server refuse or drop connections until restore is called,
	// without loss of data. Nil skips the subtests that need it; so do Stall and
	// Restart.
	Outage func(t testing.TB) (restore func())

	// Stall keeps connections open, but lets no reply through until restore is
	// called.
	Stall func(t testing.TB) (restore func())

	// Restart stops the server, starts it again, and returns when it accepts
	// connections.
	Restart func(t testing.TB)

	// Volatile says that Restart loses the data.
	Volatile bool

	// Deadline bounds each call while the server is stalled or gone, also where
	// the caller's context has no deadline. Give it some slack over what the store
	// promises. Zero means one second.
	Deadline time.Duration

	// MaxValue is the greatest number of bytes that the store takes as a value;
	// zero if it sets no bound.
	MaxValue int
}

func (h Harness) deadline() time.Duration {
	if h.Deadline == 0 {
		return time.Second
	}
	return h.Deadline
}

// Run holds the stores that h opens to the contract of core.Store.
func Run(t *testing.T, h Harness) {
	for _, c := range allCases() {
		t.Run(c.name, func(t *testing.T) { c.check(&suite{TB: t, h: h}) })
	}
}

type testCase struct {
	name  string
	check func(*suite)
}

// allCases lists the suite in the order it runs: restarts come last, because
// other subtests may share the server.
func allCases() []testCase { return append(casesOfData(), casesOfManners()...) }

func casesOfData() []testCase {
	return []testCase{
		{"MissingIsNotAnError", missingIsNotAnError},
		{"RoundTrip", roundTrip},
		{"KeyAlphabet", keyAlphabet},
		{"ValuesAreCopied", valuesAreCopied},
		{"ValuesStayUnderTheReader", valuesStayUnderTheReader},
		{"AppendGetAgreesWithGet", appendGetAgreesWithGet},
		{"AppendedIsNobodyElses", appendedIsNobodyElses},
		{"AppendedStays", appendedStays},
		{"OversizedValue", oversizedValue},
		{"PrefixesDoNotCollide", prefixesDoNotCollide},

		{"SwapNilOnlyCreates", swapNilOnlyCreates},
		{"SwapStaleConflicts", swapStaleConflicts},
		{"SwapComparesEveryByte", swapComparesEveryByte},
		{"SwapAfterDeleteConflicts", swapAfterDeleteConflicts},
		{"DeleteMissingIsNil", deleteMissingIsNil},

		{"ExpiredIsMissing", expiredIsMissing},
		{"SubSecondTTLExpires", subSecondTTLExpires},
		{"LongTTLSurvives", longTTLSurvives},
		{"NonPositiveTTLIsRejected", nonPositiveTTLIsRejected},
		{"OverwriteReplacesValueAndTTL", overwriteReplacesValueAndTTL},
		{"ConflictLeavesTheTTL", conflictLeavesTheTTL},
		{"SwapAfterExpiryConflicts", swapAfterExpiryConflicts},

		{"ConcurrentUse", concurrentUse},
		{"ConcurrentSwap", concurrentSwap},
		{"ConcurrentUpdatesLoseNothing", concurrentUpdatesLoseNothing},
		{"DeleteBeatsConcurrentSwaps", deleteBeatsConcurrentSwaps},
		{"OwnWritesAreSeen", ownWritesAreSeen},
		{"ConflictThenGetIsFresh", conflictThenGetIsFresh},
		{"GetAfterAppendGetIsFresh", getAfterAppendGetIsFresh},
		{"AppendGetSeesOwnWrites", appendGetSeesOwnWrites},
		{"AppendGetHearsOfOthers", appendGetHearsOfOthers},
	}
}

func casesOfManners() []testCase {
	return []testCase{
		{"CancelledContext", cancelledContext},
		{"PingAnswers", pingAnswers},
		{"UseAfterClose", useAfterClose},
		{"CloseTwice", closeTwice},
		{"CloseRightAfterNew", closeRightAfterNew},
		{"ErrorsHideKeysAndValues", errorsHideKeysAndValues},

		{"PrefixIsTheHarness", prefixIsTheHarness},
		{"NamesAreKeys", namesAreKeys},
		{"StatsCount", statsCount},

		{"OutageIsAnErrorNotAMiss", outageIsAnErrorNotAMiss},
		{"TimeoutIsKept", timeoutIsKept},
		{"StalledServer", stalledServer},
		{"ServerRestart", serverRestart},
	}
}
