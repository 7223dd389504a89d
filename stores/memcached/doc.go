// Package memcached keeps sessions in Memcached servers.
//
// Most applications choose it by its data source name, see [Open]; one that has
// a gomemcache client already hands it to [New].
//
// # What volatility means
//
// Memcached is a cache, and this store does not make it more than that.
// A restart empties a server: its share of the users is logged out and logs in
// again. A server that is short of memory evicts what has not been used for
// long, before its time: a session that is evicted is a log-out, and when a
// user record is evicted, that user's sessions live on unlisted: "log out
// everywhere" and the bound on sessions do not reach them, and they end by
// expiry or by their own log-out. Give it memory to spare, watch its
// "evictions" counter, or use Redis where revocation has to be certain.
//
// Volatility is not an outage: a server that does not answer gives errors, never
// core.ErrNotFound, so nobody is logged out by a network fault.
//
// # Several servers
//
// Every key lives on one server, chosen by rendezvous hashing (see [Selector]).
// There are no replicas and no fail-over: while one of n servers is down, the
// n-th part of the keys gives errors, and nobody is logged out. Taking a dead
// server off the list logs its share out, and only its share. All instances of
// a service must list the same servers under the same names; the order does
// not matter.
//
// A server that was off the list and kept its memory must be emptied before it
// is listed again: restart it, or send it flush_all. Its keys went to the other
// servers meanwhile, and what was ended there it still remembers as alive: those
// sessions would come back, and their users' records of that day with them, so
// that nobody could list or end what came since. The same happens where a server
// that was added is taken off again: then it is the others that remember what it
// had taken over, and all of them must be emptied. Change the list on all
// instances at once, for as long as they differ, they disagree in this way.
//
// # Commands
//
// Get is one get. Swap is add where nothing may be there, otherwise gets, a
// comparison here, and cas. Delete is delete. A get that fails because its
// idle connection turns out dead (a restarted server, a firewall) is sent once
// more. Writes are never sent twice, as the first may have been executed
// although its answer was lost: not even delete, which could remove what was
// created between the two. Instead a store made by Open looks whether the
// connection still lives before it sends an add or a delete.
//
// # Time
//
// Memcached counts whole seconds: a value stays up to two seconds longer than
// its ttl, never shorter. Beyond 30 days it expects a date, and compares it with
// the clock of its own host: such values get an extra hour, so that clocks that
// differ by less cost nobody a session.
package memcached
