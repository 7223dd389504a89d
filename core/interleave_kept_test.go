package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// painted is what the attributes of the first session are in the end.
type painted struct {
	marks  map[int]bool // by task
	n      int
	colour string
}

// kept checks that the updates that returned are there, under the newest token.
func (in *inspection) kept() error {
	i := slices.IndexFunc(in.issued, func(i issue) bool { return i.id == in.first.ID && in.alive(i.token) })
	if i < 0 {
		return nil
	}
	view, err := in.m.Check(context.Background(), in.issued[i].token)
	if err != nil {
		return fmt.Errorf("the first session is %w", err)
	}
	var p painted
	err = edit(context.Background(), in.m, view, func(s editable) { p = in.paintedOn(s) })
	if err != nil && (in.gone[in.first.ID] || in.set.lapsing) {
		return nil
	} else if err != nil {
		return fmt.Errorf("the first session has no newest record: %w", err)
	}
	return errors.Join(in.counted(p), in.lastColour(p))
}

func (in *inspection) paintedOn(s editable) painted {
	p := painted{marks: map[int]bool{}, colour: s.Attr("colour")}
	p.n, _ = strconv.Atoi(s.Attr("n"))
	for _, t := range in.store.tasks {
		p.marks[t.no] = s.Attr(markOf(t.no)) != ""
	}
	return p
}

func (in *inspection) counted(p painted) error {
	least, most := 0, 0
	for _, t := range in.store.tasks {
		if t.op.name != "update" && t.op.name != "update-old" {
			continue
		}
		most++
		if t.returned && t.err == nil {
			least++
			if !p.marks[t.no] {
				return fmt.Errorf("the update of task %d is lost", t.no)
			}
		}
	}
	if p.n < least || p.n > most {
		return fmt.Errorf("%d to %d updates counted as %d", least, most, p.n)
	}
	return nil
}

// lastColour checks that whoever set the colour that is there came last, as far
// as somebody can tell: no other was acknowledged that began later than it
// returned.
func (in *inspection) lastColour(p painted) error {
	came := []*task{{ended: -1, op: operation{name: "paint " + firstColour}}}
	for _, t := range in.store.tasks {
		if strings.HasPrefix(t.op.name, "paint ") {
			came = append(came, t)
		}
	}
	for _, t := range came {
		overpainted := slices.ContainsFunc(came[1:], func(u *task) bool {
			return u.returned && u.err == nil && u.began >= t.lasted()
		})
		if t.op.name == "paint "+p.colour && !overpainted {
			return nil
		}
	}
	return fmt.Errorf("the colour is %s: an update that was acknowledged is lost", p.colour)
}

// lasted is the step after which t changes nothing any more.
func (t *task) lasted() int {
	if t.returned && t.err != nil {
		return endless // who knows
	}
	return t.ended
}

// overtaken checks that nothing was acknowledged that began after the session's
// end had been reported.
func (in *inspection) overtaken() error {
	for _, t := range in.store.tasks {
		if !t.op.writes() || !t.returned || t.err != nil {
			continue
		}
		for _, end := range in.store.tasks {
			if end.reported() && end.ended <= t.began && slices.Contains(in.endedBy(end), in.first.ID) {
				return fmt.Errorf("%s succeeded, after %s had ended the session", t.op.name, end.op.name)
			}
		}
	}
	return nil
}

// writes tells whether op changes the first session. A renewal does not count:
// a near cache may take a request for good a second longer.
func (op operation) writes() bool {
	return op.first && op.name != "renew" && op.name != "check" && !op.ends()
}
