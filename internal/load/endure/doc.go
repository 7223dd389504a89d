// Command endure fills a Redis Cluster of its own with sessions, keeps it under
// traffic while a master is killed, comes back empty, as a replica, and another
// one is added, and counts what was promised and not kept:
//
//	go run ./internal/load/endure -sessions 10000000 -duration 10m
//
// It needs redis-server and redis-cli, and memory: about 1 kB for each session
// with a replica, beside 80 bytes in the command itself. It talks to this machine
// only, and leaves nothing behind.
//
// # What counts
//
// A ledger knows of every session whether it lives, has ended by a log-out that
// was acknowledged, or was about to end when the call failed. Every answer is
// compared with it:
//
//   - A session that must live was refused: an unearned 401.
//   - A session is served more than 1.5 s after its log-out was acknowledged. The
//     near cache may serve it for one second.
//   - An attribute is older than what an update had acknowledged 1.5 s before.
//   - A session lives, and the list of its user's sessions does not have it.
//
// Each of these fails the run, but for what the configuration does not promise:
// replication is asynchronous, and a master that dies may take with it what it
// has acknowledged within its last moments. Logins and updates of the three
// seconds before the kill are therefore counted apart, and log-outs too where
// wait_replicas is not set. An error that tells clients to come back is no
// failure either: for how long there were such, the summary says.
//
// After the traffic log-outs of unknown outcome are repeated, then the ledger is
// compared with the store itself, without a near cache.
//
// The load is a closed loop: each of -workers readers, and each of -writers, who
// log in, log out and update, sends its next call when the last one is answered.
package main
