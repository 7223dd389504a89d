// Package redis keeps sessions in Redis 6 or newer, or in Valkey: one server,
// a cluster, or servers under Sentinel. Most applications call stores.Open; use
// [New] where the application has a rueidis client already.
//
// A Get is one command in one round trip (GET), a Swap is SET NX PX or a short
// script (EVALSHA, EVAL once per server), a Delete is UNLINK. Every key expires.
//
// # Rights
//
// An ACL needs no more than GET, SET, EVALSHA, EVAL, UNLINK, PING and HELLO for
// keys that begin with the prefix; with a near cache also PTTL, CLIENT TRACKING
// and CLIENT CACHING; with wait_replicas also WAIT; on a cluster also CLUSTER,
// READONLY and ASKING; under Sentinel also ROLE. With INFO, [Store.Warnings] can
// see whether the server evicts.
//
// # DSN
//
//	redis://[user:password@]host[:port][/db][?options]
//	rediss://…                                       the same over TLS
//	redis+unix:///path/of/the/socket[?options]       [user:password@] after the slashes
//	redis+cluster://[user:password@]host,host:port[?options]
//	redis+sentinel://[user:password@]host,host:port/master[/db][?options]
//
// Ports are 6379 and, of sentinels, 26379 by default. Characters of a user or
// password that mean something in a URL, and white space, are percent-encoded. An
// unknown option is an error. No error quotes the DSN.
//
//	option                default  meaning
//	timeout               500ms    bound of every call, 10ms to 1m
//	prefix                wx:      stands before every key
//	db                    0        database, in place of /db
//	conns                 1        connections per server: 1, 2, 4 or 8; over one, parallel commands share more system
//	                               calls, and a server without io-threads is not faster over several
//	buffer                32768    bytes of each connection's read and of its write buffer
//	flush_delay           0        up to 1ms: collect commands that long before sending, under parallel load only;
//	                               20us saved between nothing and a quarter of a request's time in our runs (rows 18 and 7
//	                               of docs/BENCHMARKS.md), and adds as much latency at most: measure
//	cache                 0        entries of the near cache; 0 is off
//	wait_replicas         0        replicas that must have acknowledged a revocation
//	wait_timeout          200ms    how long, beyond timeout, a revocation may take for that, 1ms to 1m
//	tls                   false    TLS for redis+cluster:// and redis+sentinel://
//	tls_ca                system   PEM file of the authorities to trust
//	tls_server_name       host     name in the server's certificate
//	insecure_skip_verify  false    accept any certificate: whoever sits in between reads and writes sessions
//	sentinel_user         none     user and password of the sentinels;
//	sentinel_password     none     those before the @ are the servers'
//
// # Eviction
//
// Set maxmemory-policy to noeviction. Every other policy takes the keys that were
// not used for long first: users' records before their sessions. Then sessions
// live on that "log out everywhere" cannot find, until their next renewal lists
// them again. Under noeviction a server at its limit refuses what would store
// more, with core.ErrFull; reads and Delete work as ever. So a log-out can still remove its own session, though not leave a mark
// of why it ended.
//
// # Faults
//
// [Open] does not connect, and a store whose server is down or hung recovers by
// itself. Until then calls fail within the timeout, never with
// core.ErrNotFound, and at once after several calls in a row without an answer,
// except for one every 250 ms that tries. A read is sent three times at most,
// where its connection breaks, all within the timeout; a write once, as it may
// have taken place. A connection that dies without notice is found within two
// seconds. A context that is cancelled keeps a call from starting; a call under
// way ends with its answer or at its deadline.
//
// What is wrong with the DSN or the server's configuration is said by the first
// call: a wrong password, or one for a server that has none, TLS where the
// server speaks none, a database number too high, a near cache on a server that
// cannot announce changes. It heals without a restart when the server is mended.
//
// # Near cache
//
// With the option cache, session records that requests have read are kept in
// memory, and AppendGet reads them from there until the server announces a change
// (CLIENT TRACKING). Get always asks the server. What this store has written or
// deleted is never served stale. A record that another instance has changed is
// served for as long as the announcement travels, and for one second at most:
// entries are served only while the server has answered on the connection of the
// announcements within the last 750 ms, by the wall clock or the monotonic one,
// whichever says more, and a lost connection takes with it what was read over it.
// No entry outlives its key. At the bound, an entry picked at random gives way.
// The cache works over a single connection to each server.
//
// On a cluster each master announces what it serves. A master proves four times a
// second that it still is one, by an answer about a key in a slot of its own. What
// comes by a redirection is not kept, and what was read from a master that has lost
// the slot is forgotten. One that has been silent for long is trusted again at its
// second answer.
//
// The first use of a session through this instance is a plain GET; the second is
// PTTL, and if the key is still there, tracked and kept (CLIENT CACHING YES and GET
// in another round trip: a server tracks keys that are gone too); further ones cost
// no command. Tokens that do not exist are never tracked: they leave
// nothing in the server's tracking table, and push nothing out here. A cache of n
// entries also takes 8 n bytes to remember who was seen once.
//
// # Durable revocations
//
// Redis replicates asynchronously: a fail-over may lose what the old master had
// acknowledged, a revocation too, and the session lives again. With
// wait_replicas=N a revocation returns nil only when N replicas have
// acknowledged it, and all that its master had executed before; an error means
// that it took place on the master and may not survive a fail-over, and that it
// should be repeated. A repetition is written again, also where nothing is left
// to delete. core.ErrConflict comes at once, and says nothing about replicas.
// This makes the loss unlikely, not impossible: Redis may still promote a replica
// that has not acknowledged, unless N is the number of all replicas; and replicas
// acknowledge what is in their memory, not on disk. On a cluster an
// acknowledgement speaks for the master of its own key alone.
//
// Sixteen revocations wait at a time, each over a connection of its own; the
// others wait for their turn, within the time that a revocation has. While no
// replica answers, revocations fail, and requests go on.
package redis
