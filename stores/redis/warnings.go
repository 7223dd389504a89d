package redis

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/rueidis"
)

// Warnings says what in the servers' settings endangers sessions; each is a line
// for a log. It is meant to be called once at start, in the background. There are
// none where all is well, and none where a server does not tell (its ACL may
// forbid INFO). An error means that a server could not be asked: ask again later.
func (s *Store) Warnings(ctx context.Context) ([]string, error) {
	c, err := s.begin(ctx, "")
	if err != nil {
		return nil, err
	}
	var warnings []string
	for _, node := range c.client.Nodes() {
		var info string
		info, err = node.Do(c.ctx, node.B().Info().Section("memory").Build()).ToString()
		if _, refused := rueidis.IsRedisErr(err); refused {
			err = nil
			continue
		}
		if err != nil {
			break
		}
		if w := evictionWarning(info); w != "" && !slices.Contains(warnings, w) {
			warnings = append(warnings, w)
		}
	}
	return warnings, s.end(c, err)
}

// evictionWarning reads what INFO says of memory. A server without a limit never
// evicts, whatever its policy.
func evictionWarning(info string) string {
	limit, policy := "0", "noeviction"
	for line := range strings.SplitSeq(info, "\r\n") {
		switch name, v, _ := strings.Cut(line, ":"); name {
		case "maxmemory":
			limit = v
		case "maxmemory_policy":
			policy = v
		}
	}
	if limit == "0" || policy == "noeviction" {
		return ""
	}
	return "redis: the server evicts keys when its memory is full (maxmemory-policy " + policy + "): " +
		"users are logged out, and sessions live on that nobody can list or end; set maxmemory-policy noeviction"
}
