// Command load puts an example server under load, as many users of a mini
// program would: it logs users in, then sends authenticated requests and further
// logins at a set rate, and prints how long they took.
//
//	go run ./examples/nethttp
//	go run ./internal/load -rate 2000 -users 1000 -duration 30s -svg latency.svg
//
// Several servers over one store share a simulated WeChat, which this command
// can be too:
//
//	go run ./internal/load -simulator localhost:9090       # prints the variables for the servers
//	ADDR=:8081 WX_STORE=redis://localhost:6379 WX_APPID=… WX_SECRET=… WX_API_BASE=… go run ./examples/gin
//	ADDR=:8082 …
//	go run ./internal/load -url http://localhost:8081,http://localhost:8082 -codes http://localhost:9090 -roam
//
// What a stranger's junk costs the others, who log in from another address:
//
//	WX_LIMIT_ADDRESS=100/s go run ./examples/nethttp
//	go run ./internal/load -rate 0 -users 100 -login-rate 80 -junk-rate 1000
//
// The junk is sent evenly, by one thread that waits in the kernel and costs its
// core a few microseconds for each request. At ten thousand a second it belongs
// into a process of its own; sent to a sink it shows what it costs the others on
// its core, with a server that has nothing to do with it:
//
//	go run ./internal/load -rate 0 -login-rate 0 -junk-rate 10000
//	go run ./internal/load -sink localhost:9091
//	go run ./internal/load -rate 0 -login-rate 0 -junk-rate 10000 -url http://localhost:9091
//
// # What the figures mean
//
// The load is an open loop: requests are due at times fixed beforehand, however
// slow the servers are, and a latency counts from the time when the request was
// due. A server that stalls for a second thus shows in all the requests of that
// second, not only in those that were under way. At most -workers requests are
// under way at a time; those that are due beyond it wait, and their wait counts.
// A generator that shares a small machine with the servers adds its own delays.
//
// It talks to this machine only, unless -allow-remote says that others agree.
package main
