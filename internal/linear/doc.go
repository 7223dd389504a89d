// Package linear checks that a store behaves as if its operations took place
// one after another, each at some moment between its call and its return.
//
// A Recorder stands between the clients of a test and their store and writes
// down who asked what, when, and what came back; Check searches an order of
// the operations that explains every answer. An operation that failed may have
// taken place, at any time after its call, or never: a retry of a store that
// executes a write twice, a conflict reported for a swap that took place, or a
// value read after its deletion have no such order.
//
// Values do not expire in the model: record with a ttl longer than the test.
// Nor are they lost: the store must not forget what it had (a Memcached that
// restarts does).
package linear
