package doctor

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// variables are those of the environment that are not empty: an empty one counts
// as not set.
type variables map[string]string

func readVariables(environ []string) variables {
	vars := variables{}
	for _, item := range environ {
		if name, value, _ := strings.Cut(item, "="); value != "" {
			vars[name] = value
		}
	}
	return vars
}

// among returns the names that are set.
func (v variables) among(names []string) (set []string) {
	for _, name := range names {
		if v[name] != "" {
			set = append(set, name)
		}
	}
	return set
}

// on reports whether a variable is set to anything but false. What cannot be read
// is an error, and its check says so.
func (v variables) on(name string) bool {
	on, err := strconv.ParseBool(v[name])
	return v[name] != "" && (err != nil || on)
}

// unknown are the names, in order, that look like ours and that nothing reads.
// Those that errs refuses as a slip are left to it. Of one that no variable could
// have, as it is where ":" was written for "=", only the beginning is told: the rest
// may be a secret.
func (v variables) unknown(extensions []Extension, errs error) (names []string) {
	var known []string
	for field := range reflect.TypeFor[core.Config]().Fields() {
		known = append(known, field.Tag.Get("env"))
	}
	for _, x := range extensions {
		known = append(known, x.Vars...)
	}
	refused := strings.Join(lines(errs), "\n")
	for name := range v {
		if strings.HasPrefix(name, "WX_") && !slices.Contains(known, name) && !strings.Contains(refused, " "+name+" ") {
			names = append(names, plainName(name))
		}
	}
	slices.Sort(names)
	return names
}

// plainName cuts off what is in no name of a variable.
func plainName(name string) string {
	i := strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
	if i < 0 {
		return name
	}
	return name[:i] + "…"
}
