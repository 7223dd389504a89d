package doctor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

// node is a server that takes writes.
type node struct {
	addr   string
	client rueidis.Client
	hello  map[string]string // what it says of itself
	info   map[string]string // what INFO says; nil: it does not tell
	key    string            // one of ours that lives here, without prefix

	announced int // replicas that the cluster knows of
}

// do sends one command.
func (n *node) do(ctx context.Context, args ...string) (rueidis.RedisMessage, error) {
	return command(ctx, n.client, args...)
}

func command(ctx context.Context, c rueidis.Client, args ...string) (rueidis.RedisMessage, error) {
	ctx, cancel := within(ctx, patience)
	defer cancel()
	return c.Do(ctx, c.B().Arbitrary(args...).Build()).ToMessage()
}

// replyCode is the code of an error reply, such as NOPERM; "" for other errors.
// The text behind it may quote keys.
func replyCode(err error) string {
	reply, refused := rueidis.IsRedisErr(err)
	if !refused {
		return ""
	}
	code, _, _ := strings.Cut(reply.Error(), " ")
	if strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || code == "" {
		return "ERR"
	}
	return code
}

// addNode connects to a server that takes writes.
func (v *redisVisit) addNode(ctx context.Context, addr string) error {
	client, err := v.target.Dial(ctx, addr)
	if err != nil {
		return err
	}
	n := &node{addr: addr, client: client, key: newKey()}
	v.nodes = append(v.nodes, n)
	n.hello = n.askHello(ctx)
	n.info = n.askInfo(ctx)
	if v.target.Cluster {
		n.key = v.findKey(ctx, n, newKey)
	}
	return nil
}

func (n *node) askHello(ctx context.Context) map[string]string {
	said := map[string]string{}
	reply, err := n.do(ctx, "HELLO")
	if err != nil {
		return said
	}
	fields, _ := reply.ToMap()
	for name, field := range fields {
		if text, err := field.ToString(); err == nil {
			said[name] = text
		}
	}
	return said
}

func (n *node) askInfo(ctx context.Context) map[string]string {
	reply, err := n.do(ctx, "INFO")
	if err != nil {
		return nil
	}
	text, err := reply.ToString()
	if err != nil {
		return nil
	}
	return colonLines(text)
}

// colonLines reads lines of name:value. RESP3 says before them that they are text.
func colonLines(text string) map[string]string {
	said := map[string]string{}
	for line := range strings.Lines(strings.TrimPrefix(text, "txt:")) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			said[name] = value
		}
	}
	return said
}

func (n *node) number(name string) int64 {
	v, _ := strconv.ParseInt(n.info[name], 10, 64)
	return v
}

// verdict is what was found on one server.
type verdict struct {
	status Status
	problem
	denied bool // see Check
}

func fine(format string, args ...any) verdict {
	return verdict{status: OK, problem: problem{what: fmt.Sprintf(format, args...)}}
}
func warned(what, do string) verdict  { return verdict{status: Warn, problem: problem{what, do}} }
func failed(what, do string) verdict  { return verdict{status: Fail, problem: problem{what, do}} }
func skipped(what, do string) verdict { return verdict{status: Skip, problem: problem{what, do}} }

// uninformed is for a server that does not tell what INFO knows.
func uninformed() verdict {
	return verdict{Skip, problem{"the server does not tell (INFO)", "grant this user +info to have it looked at"}, true}
}

// each looks at every server. What is the same on all of them is said once, a
// verdict without words not at all.
func (v *redisVisit) each(ctx context.Context, name string, look func(context.Context, *node) verdict) {
	var found []verdict
	for _, n := range v.nodes {
		found = append(found, look(ctx, n))
	}
	different := slices.ContainsFunc(found, func(x verdict) bool { return x != found[0] })
	for i, x := range found {
		switch {
		case x.what == "":
			continue
		case different:
			x.what = v.nodes[i].addr + ": " + x.what
		case i > 0:
			continue
		case len(found) > 1:
			x.what = fmt.Sprintf("on all %d servers: %s", len(found), x.what)
		}
		v.f.put(Check{Name: name, Status: x.status, Message: x.what, Advice: x.do, Denied: x.denied})
	}
}

// informed looks at every server that tells what INFO knows.
func (v *redisVisit) informed(ctx context.Context, name string, look func(context.Context, *node) verdict) {
	v.each(ctx, name, func(ctx context.Context, n *node) verdict {
		if n.info == nil {
			return uninformed()
		}
		return look(ctx, n)
	})
}
