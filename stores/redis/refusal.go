package redis

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// advice is what to do about an error reply.
type advice struct {
	reply string // its code, or how its text begins after ERR
	do    string
}

// refusals are the replies that a store may meet, each with its remedy.
var refusals = []advice{
	{"WRONGPASS", "the user or the password in the DSN is wrong"},
	{"NOAUTH", "the server wants a password: put it into the DSN, as in redis://:password@host"},
	{"NOPERM", "the server's ACL does not let this user do that: grant the rights that the package's documentation lists, for keys that begin with the prefix"},
	{"LOADING", "the server is reading its data from disk: wait until it has"},
	{"MISCONF", "the server takes no writes, as it cannot save its data to disk: see its log, and make room there"},
	{"OOM", "the store is full: raise maxmemory, or let sessions expire sooner"},
	{"READONLY", "the server is a replica: name the master, or let redis+sentinel:// find it"},
	{"MASTERDOWN", "the server is a replica that has lost its master: name the master, or let redis+sentinel:// find it"},
	{"NOREPLICAS", "the server has fewer replicas in step than its min-replicas-to-write: see to the replicas"},
	{"CLUSTERDOWN", "the cluster does not serve all its slots: see CLUSTER INFO on its nodes"},
	{"MOVED", "another node has this key: name a cluster with redis+cluster://, and where that is done, wait until its slots have moved"},
	{"ASK", "this key is moving to another node of the cluster: try again"},
	{"TRYAGAIN", "this key is moving to another node of the cluster: try again"},
	{"BUSY", "the server is busy with somebody's script: wait, or SCRIPT KILL"},
	{"WRONGTYPE", "other data stands under our keys: give the sessions a prefix of their own"},
	{"DENIED", "the server runs in protected mode: set a password, or bind it to the network that it is to serve"},
	{"DB index is out of range", "the database number in the DSN is too high for the server: lower it, or raise databases in the server's configuration"},
	{"SELECT is not allowed in cluster mode", "a cluster has database 0 only: leave the database out of the DSN"},
	{"max number of clients reached", "raise the server's maxclients, or let fewer clients connect"},
	{"AUTH <password> called without any password", errNoPassword.Error()},
	{"Client sent AUTH, but no password is set", errNoPassword.Error()},
	{"unknown command", "the server lacks a command; the store needs GET, SET, EVALSHA, EVAL, UNLINK and PING"},
}

// refusal makes an error of a reply, from which rueidis has cut the ERR: the code
// and what to do about it. It drops the text, which may quote keys and values.
func refusal(reply string) error {
	reply = unwrapped(reply)
	for _, a := range refusals {
		if !strings.HasPrefix(reply+" ", a.reply+" ") {
			continue
		}
		text := a.reply + ": " + a.do
		switch {
		case a.reply == "OOM":
			return fmt.Errorf("OOM: %w%s", core.ErrFull, strings.TrimPrefix(a.do, core.ErrFull.Error()))
		case strings.Contains(a.reply, " "):
			return errors.New("ERR: " + a.do)
		}
		return errors.New(text)
	}
	code, _, _ := strings.Cut(reply, " ")
	if code == "" || len(code) > 20 || strings.ContainsFunc(code, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		code = "ERR"
	}
	return errors.New(code)
}

// unwrapped finds what a command in a script was told, where Redis 6 wraps it.
func unwrapped(reply string) string {
	if i := strings.LastIndex(reply, ": -"); i >= 0 && strings.HasPrefix(reply, "Error running script") {
		return reply[i+len(": -"):]
	}
	return reply
}
