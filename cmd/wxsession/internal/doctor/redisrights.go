package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// right is a command that the store needs.
type right struct {
	grant string   // as an ACL has it
	args  []string // a harmless call of it, at which keyMark stands for a key
}

const keyMark = "\x00key"

// kinds begin the keys that core writes; see core/internal/record.
var kinds = []string{"s:", "u:", "t:", "d:", "k:", "x:"}

// rights are those in the documentation of stores/redis.
func (v *redisVisit) rights() []right {
	all := []right{
		{"+ping", []string{"PING"}},
		{"+set", []string{"SET", keyMark, "doctor", "NX", "PX", "10000"}},
		{"+get", []string{"GET", keyMark}},
		{"+evalsha", []string{"EVALSHA", strings.Repeat("0", 40), "1", keyMark}},
		{"+eval", []string{"EVAL", "return 0", "1", keyMark}},
	}
	if v.target.Cache > 0 {
		all = append(all, right{"+pttl", []string{"PTTL", keyMark}}, right{"+client|tracking", []string{"CLIENT", "TRACKING", "OFF"}},
			right{"+client|caching", []string{"CLIENT", "CACHING", "YES"}})
	}
	if v.target.WaitReplicas > 0 {
		all = append(all, right{"+wait", []string{"WAIT", "0", "1"}})
	}
	if v.target.Cluster {
		all = append(all, right{"+cluster", []string{"CLUSTER", "INFO"}}, right{"+readonly", []string{"READONLY"}}, right{"+asking", []string{"ASKING"}})
	}
	if v.target.Master != "" {
		all = append(all, right{"+role", []string{"ROLE"}})
	}
	return append(all, right{"+unlink", []string{"UNLINK", keyMark}}) // the last: where the calls are made, it cleans up
}

func (v *redisVisit) checkRights(ctx context.Context) {
	v.each(ctx, "redis.rights", func(ctx context.Context, n *node) verdict {
		allows, way := n.dryRun(ctx), "asked of the ACL"
		if allows == nil {
			allows, way = n.tryOut, "tried out"
		}
		var grants, absent []string
		for _, r := range v.rights() {
			switch err := allows(ctx, r.call(v.target.Prefix+n.key)); err {
			case errNoRight:
				grants = append(grants, r.grant)
			case errNoKeyRight:
				grants = append(grants, "~"+v.target.Prefix+"*")
			case errAbsent:
				absent = append(absent, strings.ToUpper(r.grant[1:]))
			}
		}
		for _, kind := range kinds {
			key := v.target.Prefix + kind + strings.TrimPrefix(n.key, "x:")
			if allows(ctx, []string{"GET", key}) == errNoKeyRight {
				grants = append(grants, "~"+v.target.Prefix+"*")
			}
		}
		slices.Sort(grants)
		switch {
		case len(absent) > 0:
			return failed("the server lacks commands that the store needs: "+strings.Join(absent, ", "), "enable them there (see rename-command), or use another server")
		case len(grants) > 0:
			return failed("this user lacks rights that the store needs", "ACL SETUSER "+n.whoAmI(ctx)+" "+strings.Join(slices.Compact(grants), " "))
		}
		return fine("this user may run every command that the store needs (%s)", way)
	})
}

func (r right) call(key string) []string {
	args := slices.Clone(r.args)
	if i := slices.Index(args, keyMark); i >= 0 {
		args[i] = key
	}
	return args
}

var (
	errNoRight    = errors.New("the command is not allowed")
	errNoKeyRight = errors.New("the key is not allowed")
	errAbsent     = errors.New("the server does not know the command")
)

// whoAmI is the name that the ACL has for the user; it is not read from the DSN,
// where a password may stand in its place.
func (n *node) whoAmI(ctx context.Context) string {
	reply, err := n.do(ctx, "ACL", "WHOAMI")
	if name, bad := reply.ToString(); err == nil && bad == nil && name != "" {
		return name
	}
	return "<user>"
}

// dryRun returns a function that asks the ACL; nil where that is not possible:
// before Redis 7, and for users that may not.
func (n *node) dryRun(ctx context.Context) func(context.Context, []string) error {
	user := n.whoAmI(ctx)
	ask := func(ctx context.Context, args []string) (string, error) {
		reply, err := n.do(ctx, append([]string{"ACL", "DRYRUN", user}, args...)...)
		if err != nil {
			return "", err
		}
		return reply.ToString()
	}
	if said, err := ask(ctx, []string{"PING"}); err != nil || said == "" {
		return nil
	}
	return func(ctx context.Context, args []string) error {
		said, err := ask(ctx, args)
		switch {
		case replyCode(err) == "ERR":
			return errAbsent
		case err != nil:
			return nil // it will show elsewhere
		case said == "OK":
			return nil
		case strings.Contains(said, "access"):
			return errNoKeyRight
		}
		return errNoRight
	}
}

// tryOut makes the call. What the server says of its arguments is of no interest.
func (n *node) tryOut(ctx context.Context, args []string) error {
	_, err := n.do(ctx, args...)
	switch code := replyCode(err); {
	case code == "NOPERM" && strings.Contains(err.Error(), "access"):
		return errNoKeyRight
	case code == "NOPERM":
		return errNoRight
	case code == "ERR" && strings.Contains(err.Error(), "unknown command"):
		return errAbsent
	}
	return nil
}
