// Package faults holds the tests that prove the manager's promises on real
// servers: redis-server, alone, with a near cache, under Sentinel and as a
// cluster, and memcached, one and three. They kill, stop and cut off the servers
// under load, race two instances of a service against each other, let the store
// fail at every step of every operation, and look at what the servers keep.
//
// The stores' own tests prove the store contract; these prove what follows from
// it for those who log in. There is no other code here.
package faults
