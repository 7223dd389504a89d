// Command peerbench measures wxsession side by side with what a service could
// use instead (scs, gin-contrib/sessions, gin-jwt, silenceper/wechat) and with
// the floors below which no library can go, on the same work, and prints the
// Markdown table of docs/BENCHMARKS.md:
//
//	go run .                        # everything, some six minutes
//	go run . -only 1,2,3            # some of the targets
//	go run . -only 10 -millions 10  # more sessions than a million
//	go run . -quick                 # a smoke run; its figures mean nothing
//	go run . -busy -only 3          # while others use the machine; see below
//	go run . -markdown > table.md   # nothing but the table
//
// Target 18 needs wrk, which loads whole services over sockets.
//
// It starts redis-server and memcached itself, on free loopback ports; targets
// that need one that is not installed are left out with a note.
//
// # How it measures
//
// Each target runs in a process of its own, for which the command starts itself
// again: no heap, no garbage collector and no connection is shared. Where a
// target is about one request after the other over the network, that process
// and the servers that it starts are pinned to one core (taskset -c 0) with
// GOMAXPROCS=1: a round trip that sometimes wakes another core and sometimes
// does not has two durations, and a ratio of them means nothing.
//
// Times are taken in short blocks, in turn for all sides of a comparison; a
// ratio is the median of the ratios of the blocks of one round, so that whatever
// slows the machine down for a moment slows down both sides. A middleware's
// time is that of a route with it less that of the same route without it, within
// the round. The ResponseWriter is reused, the request is fresh each time.
//
// On a machine that others use a block of 20 ms is interrupted more often than
// not, and a median says how often. With -busy blocks have a millisecond, and the
// lowest of many count: floors that do not change then come out alike within a
// percent. What needs both cores, or a garbage collector, cannot be had that way.
//
// Allocations, commands, round trips and bytes are counted, not timed.
package main
