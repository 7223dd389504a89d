package doctor_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/internal/testserver"
)

// documented are the rights that stores/redis lists, of all its options.
var documented = []string{"+get", "+set", "+evalsha", "+eval", "+unlink", "+ping", "+hello", "+pttl", "+client|tracking", "+client|caching", "+wait"}

// addUser makes a user with the documented rights, without some, and with more.
func addUser(t *testing.T, addr, name, keys string, without string, more ...string) (dsn string) {
	t.Helper()
	args := []string{"ACL", "SETUSER", name, "on", ">" + secretPassword, keys}
	for _, r := range append(documented, more...) {
		if r != without {
			args = append(args, r)
		}
	}
	testserver.Redis(t, addr, args...)
	return "redis://" + name + ":" + secretPassword + "@" + addr
}

// TestRightsInTheDocumentationSuffice, and what those of the doctor are for.
func TestRightsInTheDocumentationSuffice(t *testing.T) {
	t.Parallel()
	server := startGood(t)
	dsn := addUser(t, server.Addr, "least", "~wx:*", "") + "?cache=10"
	all := visit(t, healthy(t, environment{"WX_STORE": dsn}))
	all.none(t, doctor.Fail)
	all.want(t, "redis.rights", doctor.OK, "tried out")
	for name, right := range map[string]string{"redis.memory": "+info", "redis.eviction": "+info", "redis.persistence": "+info", "redis.replicas": "+info", "store.clock": "+time", "store.values": "+scan"} {
		all.want(t, name, doctor.Skip, right)
	}
	for _, c := range all { // the clock and the stored values are not what --strict is for
		if c.Denied != strings.Contains(c.Advice, "+info") {
			t.Errorf("%s: denied is %t", c.Name, c.Denied)
		}
	}
	dsn = addUser(t, server.Addr, "more", "~wx:*", "", "+info", "+time", "+scan", "+acl|whoami", "+acl|dryrun")
	all = visit(t, healthy(t, environment{"WX_STORE": dsn}))
	all.want(t, "redis.rights", doctor.OK, "asked of the ACL")
	all.none(t, doctor.Skip, "redis.cache") // CONFIG GET would show passwords, too
	all.none(t, doctor.Fail)
}

func TestMissingRights(t *testing.T) {
	t.Parallel()
	server := startGood(t)
	for _, way := range [][]string{nil, {"+acl|whoami", "+acl|dryrun"}} {
		for i, without := range documented {
			if without == "+hello" { // does not need to be granted
				continue
			}
			t.Run(fmt.Sprint(without, len(way)), func(t *testing.T) {
				t.Parallel()
				dsn := addUser(t, server.Addr, fmt.Sprintf("u%d-%d", i, len(way)), "~wx:*", without, way...)
				if without == "+wait" {
					dsn += "?wait_replicas=1&wait_timeout=1ms"
				} else {
					dsn += "?cache=10"
				}
				all := visit(t, healthy(t, environment{"WX_STORE": dsn}))
				user := "<user>"
				if way != nil {
					user = fmt.Sprintf("u%d-%d", i, len(way))
				}
				all.want(t, "redis.rights", doctor.Fail, "lacks rights", "ACL SETUSER "+user+" "+without)
				for _, c := range all {
					if c.Name == "redis.rights" && strings.Count(c.Advice, "+") != 1 {
						t.Errorf("one right is missing: %s", c.Advice)
					}
				}
				if without != "+wait" && without != "+ping" && without != "+unlink" {
					all.want(t, "redis.cache", doctor.Skip, "redis.rights")
				}
				if without == "+wait" {
					all.want(t, "redis.replicas", doctor.Fail, "503", "+wait")
				}
			})
		}
		dsn := addUser(t, server.Addr, fmt.Sprint("keys", len(way)), "~wx:x:*", "", way...)
		visit(t, healthy(t, environment{"WX_STORE": dsn})).want(t, "redis.rights", doctor.Fail, "~wx:*")
		dsn = addUser(t, server.Addr, fmt.Sprint("others", len(way)), "~wx:*", "", way...)
		all := visit(t, healthy(t, environment{"WX_STORE": dsn + "?prefix=shop:"}))
		all.want(t, "redis.rights", doctor.Fail, "~shop:*")
		all.want(t, "store.write", doctor.Fail, "NOPERM", "grant the rights")
	}
}

// TestCommandsThatAreTakenAway are found where the ACL knows nothing of them.
func TestCommandsThatAreTakenAway(t *testing.T) {
	t.Parallel()
	server := startGood(t, "--rename-command", "EVALSHA", "", "--rename-command", "EVAL", "", "--rename-command", "ACL", "")
	all := visit(t, healthy(t, environment{"WX_STORE": "redis://" + server.Addr}))
	all.want(t, "redis.rights", doctor.Fail, "EVALSHA, EVAL", "rename-command")
	all.want(t, "store.write", doctor.Fail, "compare and swap")
	if n := testserver.Redis(t, server.Addr, "DBSIZE"); n != "0" {
		t.Errorf("the doctor has left %s keys behind a failure", n)
	}
}
