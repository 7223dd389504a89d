package doctor_test

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/internal/testserver"
)

// startGood runs a Redis as it should be.
func startGood(t *testing.T, extra ...string) *testserver.Process {
	t.Helper()
	return testserver.StartRedis(t, append([]string{"--maxmemory", "100mb"}, extra...)...)
}

func TestAllIsWell(t *testing.T) {
	t.Parallel()
	server := startGood(t, "--requirepass", secretPassword)
	all := visit(t, healthy(t, environment{"WX_STORE": "redis://:" + secretPassword + "@" + server.Addr + "/3?cache=100"}))
	all.none(t, doctor.Warn)
	all.none(t, doctor.Fail)
	all.none(t, doctor.Skip)
	for _, name := range []string{"environment", "configuration", "keys", "store.dsn", "store.connect", "store.login",
		"redis.version", "redis.role", "redis.rights", "redis.memory", "redis.eviction", "redis.persistence", "redis.replicas", "redis.cache",
		"store.write", "store.latency", "store.clock", "store.values", "store.prefix", "wechat.reach", "wechat.clock", "wechat.app"} {
		all.want(t, name, doctor.OK)
	}
	if left := askRedis(t, server.Addr, "DBSIZE"); left != "0" {
		t.Errorf("the doctor has left %s keys", left)
	}
	socket := "redis+unix://:" + secretPassword + "@" + testserver.RedisSocket(server)
	visit(t, healthy(t, environment{"WX_STORE": socket})).none(t, doctor.Fail)
}

// askRedis asks a server with the password of these tests.
func askRedis(t *testing.T, addr string, args ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	for _, line := range []string{"AUTH " + secretPassword, "SELECT 3", strings.Join(args, " ")} {
		fmt.Fprintf(conn, "%s\r\n", line)
		if line, err = r.ReadString('\n'); err != nil || strings.HasPrefix(line, "-") {
			t.Fatalf("%s: %q, %v", args, line, err)
		}
		args[0] = line
	}
	return strings.Trim(args[0], ":\r\n")
}

func TestServersThatCannotBeReached(t *testing.T) {
	t.Parallel()
	server := startGood(t)
	proxy := testserver.NewProxy(t, server.Addr)
	http := listen(t, func(conn net.Conn) { fmt.Fprint(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	shut := listen(t, func(conn net.Conn) {})
	for dsn, want := range map[string][]string{
		"redis://127.0.0.1:1":                      {"nothing listens at 127.0.0.1:1", "start the server", "WX_STORE"},
		"redis://nowhere.invalid":                  {"nowhere.invalid:6379"},
		"redis+unix:///nowhere/redis.sock":         {"no socket /nowhere/redis.sock"},
		"redis://" + http:                          {"is not Redis", "port"},
		"redis://" + shut:                          {"ends them"},
		"redis+cluster://127.0.0.1:1,127.0.0.1:2":  {"none of the addresses"},
		"redis+sentinel://127.0.0.1:1,[::1]:1/m":   {"none of the addresses"},
		"redis://" + proxy.Addr + "?timeout=200ms": {"does not answer", "firewall"},
	} {
		if strings.Contains(dsn, proxy.Addr) {
			proxy.HalfOpen()
		}
		t.Run(dsn, func(t *testing.T) {
			t.Parallel()
			all := visit(t, healthy(t, environment{"WX_STORE": dsn}))
			all.want(t, "store.connect", doctor.Fail, want...)
			all.want(t, "store.write", doctor.Skip)
			all.want(t, "wechat.app", doctor.OK)
		})
	}
}

// listen answers each connection as serve does, after its first bytes.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			serve(conn)
			conn.Close()
		}
	}()
	return ln.Addr().String()
}

func TestLogins(t *testing.T) {
	t.Parallel()
	secured, open := startGood(t, "--requirepass", "right"), startGood(t)
	for dsn, want := range map[string][]string{
		"redis://:" + secretPassword + "@" + secured.Addr: {"WRONGPASS", "user or the password in the DSN is wrong"},
		"redis://" + secured.Addr:                         {"NOAUTH", "redis://:password@host"},
		"redis://" + secretPassword + "@" + secured.Addr:  {"WRONGPASS"},
		"redis://:" + secretPassword + "@" + open.Addr:    {"no password set", "remove the password"},
		"redis://" + open.Addr + "/9999":                  {"database number", "lower it"},
	} {
		all := visit(t, healthy(t, environment{"WX_STORE": dsn}))
		all.want(t, "store.login", doctor.Fail, want...)
		all.want(t, "store.write", doctor.Skip)
	}
}

func TestKindsOfServers(t *testing.T) {
	t.Parallel()
	master := startGood(t)
	replica := startGood(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(master.Port))
	node := startGood(t, "--cluster-enabled", "yes", "--appendonly", "no")
	for dsn, want := range map[string]struct {
		check string
		texts []string
	}{
		"redis://" + replica.Addr:                {"redis.role", []string{"is a replica", "redis+sentinel://"}},
		"redis://" + node.Addr:                   {"redis.role", []string{"node of a cluster", "redis+cluster://"}},
		"redis+cluster://" + master.Addr:         {"redis.cluster", []string{"is no node of a cluster", "redis://"}},
		"redis+cluster://" + node.Addr:           {"redis.cluster", []string{"0 of the 16384 slots"}},
		"redis+sentinel://" + master.Addr + "/m": {"redis.sentinels", []string{"does not answer as a sentinel", "26379"}},
		"redis://" + fakeRedis(t, nil, "HELLO", helloReply("redis", "5.0.14", "master"), "INFO", bulk("redis_version:5.0.14\r\n")): {"redis.version", []string{"Redis 5.0.14 is too old", "Valkey"}},
		"redis://" + fakeRedis(t, nil, "HELLO", "-ERR unknown command 'HELLO'\r\n", "INFO", bulk("redis_version:4.0.1\r\n")):       {"redis.version", []string{"Redis 4.0.1 is too old"}},
	} {
		visit(t, healthy(t, environment{"WX_STORE": dsn})).want(t, want.check, doctor.Fail, want.texts...)
	}
	all := visit(t, healthy(t, environment{"WX_STORE": "redis://" + node.Addr + "?wait_replicas=1"}))
	all.want(t, "store.write", doctor.Skip, "see redis.role")
	all.want(t, "redis.replicas", doctor.Skip, "see redis.role")
	for text, reply := range map[string]string{"Valkey 8.1.0": helloReply("valkey", "8.1.0", "master"), "Redis 6.0.20": helloReply("redis", "6.0.20", "master")} {
		addr := fakeRedis(t, nil, "HELLO", reply)
		visit(t, healthy(t, environment{"WX_STORE": "redis://" + addr})).want(t, "redis.version", doctor.OK, text)
	}
	addr := fakeRedis(t, nil, "INFO", bulk("redis_version:7.2.4\r\nvalkey_version:7.2.8\r\n"))
	visit(t, healthy(t, environment{"WX_STORE": "redis://" + addr})).want(t, "redis.version", doctor.OK, "Valkey 7.2.8")
}

// fakeRedis answers commands with the replies that follow them, else as answer
// does, else as a Redis 7 that lets everybody in.
func fakeRedis(t *testing.T, answer func(testserver.FakeCommand) string, replies ...string) string {
	t.Helper()
	return testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		for i := 0; i < len(replies); i += 2 {
			if c.Args[0] == replies[i] {
				return replies[i+1]
			}
		}
		if answer != nil {
			if reply := answer(c); reply != "" {
				return reply
			}
		}
		return testserver.FakeHandshake(c)
	}).Addr
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

func helloReply(server, version, role string) string {
	return "%5\r\n" + bulk("server") + bulk(server) + bulk("version") + bulk(version) + bulk("proto") + ":3\r\n" +
		bulk("mode") + bulk("standalone") + bulk("role") + bulk(role)
}
