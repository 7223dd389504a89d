package core

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/wxsession/wxsession/core/internal/record"
)

// endInFullStore ends sessions where there is no room to list revocations:
// deleting always works, and makes room. What it deletes is still listed, so
// that a crash leaves nothing that cannot be found.
//
// What it has approved is void once the mark is deleted, as the epoch cannot be
// written: before, so that a crash leaves it void, and after, so that a session
// that has approved meanwhile finds itself dead, or its mark gone.
//
// That sessions have ended which the index has lost can only be written down. Where
// it cannot be, the caller must know, and ask again: the record of a token that asks
// stays until then.
func (m *Manager) endInFullStore(ctx context.Context, key string, fn func(*user) error) error {
	for range maxSwaps {
		u, err := m.readUser(ctx, key)
		if err != nil {
			return err
		}
		raw, epoch := u.raw, u.Epoch
		if err := fn(u.user); err != nil {
			return err
		}
		ended, voids := u.user, u.Epoch != epoch
		if err := m.deleteListed(ctx, key, ended, voids); err != nil {
			return err
		}
		u, err = m.editUser(ctx, key, fn)
		if err == nil {
			return m.finish(ctx, key, u)
		}
		if ended.owes || !errors.Is(err, ErrFull) {
			return err
		}
		now, err := m.readUser(ctx, key)
		if err != nil {
			return err
		}
		if string(now.raw) == string(raw) { // nothing was listed meanwhile
			m.noteEnded(ctx, ended)
			return nil
		}
	}
	return errStore(errSwaps)
}

// deleteListed deletes what is to be ended, and, if it voids, what was approved. There
// is no room for tombstones: so the records of one who logs out stay where something
// before them could not be deleted, and others where what their session has handed
// over could not. That of the token that asks is the last, and stays while more has
// ended than what is listed.
func (m *Manager) deleteListed(ctx context.Context, userKey string, u *user, voids bool) (err error) {
	mark := record.MarkPrefix + userKey[len(record.UserPrefix):]
	if voids {
		err = m.delete(ctx, mark)
	}
	var away []record.Name
	pending := slices.Clone(u.Pending)
	slices.SortStableFunc(pending, func(a, b record.Revocation) int {
		return cmp.Compare(count(a.Dead), count(b.Dead)) // those wait for all others
	})
	for _, p := range pending {
		waits := slices.ContainsFunc(u.handed[p.Record], func(n record.Name) bool { return slices.Contains(away, n) })
		if waits {
			away = append(away, p.Record)
		}
		if p.Record == u.asks || waits || err != nil && p.Why == record.ByLogout {
			continue
		}
		if errDelete := m.delete(ctx, p.Record.Key(record.SessionPrefix)); errDelete != nil {
			away, err = append(away, p.Record), cmp.Or(err, errDelete)
		}
	}
	if voids {
		err = cmp.Or(err, m.delete(ctx, mark))
	}
	if err != nil || u.owes || !u.isPending(u.asks) {
		return err
	}
	return m.delete(ctx, u.asks.Key(record.SessionPrefix))
}
