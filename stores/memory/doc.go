// Package memory keeps sessions in the memory of one process.
//
// It is for services of one instance, for development and for tests: nothing is
// shared with other processes, and a restart logs everybody out. Services of
// several instances use stores/redis or stores/memcached.
//
// It is laid out for millions of sessions. Records lie in chunks of words, with
// an index of integers over them, so that the garbage collector finds no
// pointers to follow; a session costs its record, 16 bytes for its key, and about 30.
// Reads of records up to 2 KiB take no lock and write nothing that is
// shared, so they scale with the cores. No call waits for the whole of anything:
// the index grows a few entries per write, and expired records are freed a few
// at a time. Freed memory is kept for records of like size, and goes back to the
// runtime only when a whole shard, 1/32 of the store, has become empty.
//
// # The upper bound
//
// Without Options.Max the store grows as long as sessions are created. With it,
// creating a key beyond the bound fails, which the manager answers like any
// store that cannot store: 503, try again later. Keys that
// exist are read, updated and deleted as ever.
//
// Nothing is evicted, on purpose. To evict a session would log its user out
// without a word; to evict a user's index would leave sessions alive that
// nobody can list or revoke. So a flood of logins costs new logins, never
// sessions that exist. Each user takes two entries for the first session and
// one for each further session, and rotation one more for its grace period.
//
// # Time
//
// Get and Swap go by the same clock, and agree on what has expired: it does not
// go back, whoever sets the computer's. It stands still while the computer
// sleeps, so that a value may stay that much longer: what core stores says
// itself when it ends. AppendGet also finds what has expired, until it is freed.
package memory
