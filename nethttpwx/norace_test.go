//go:build !race

package nethttpwx_test

const lostByRace = 0
