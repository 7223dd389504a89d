//go:build race

package nethttpwx_test

// lostByRace is how many allocations more a refusal may take: under the race
// detector a sync.Pool, of encoding/json here, loses some of what is put into it.
const lostByRace = 4
