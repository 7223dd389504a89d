package core

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Approval says that a user has agreed to a login elsewhere, from a session of
// theirs. It is no secret, and good for one app. It is void after a log-out
// everywhere, and after any session of the user was ended from another one or for
// theft: it may have come from that. An ordinary log-out leaves it. It is void as
// well once the store has lost the user's record, which would know of all that, or
// the mark; and when the user has approved nothing for Config.Lifetime. A store that
// goes back to an older state may bring it back, as it may a session.
//
// It prints and logs as its app only. JSON has all of it, to be stored until it is
// used.
type Approval struct {
	AppID   string `json:"appid"`
	OpenID  string `json:"openid"`
	UnionID string `json:"unionid,omitempty"`
	// Epoch and Mark have to be those of the user still. The epoch is part of the
	// record that lists the sessions. The mark is a record of its own: to delete it is
	// possible where a store is full, and no epoch can be written.
	Epoch uint64 `json:"epoch"`
	Mark  uint64 `json:"mark"`
}

// Approve returns what IssueApproved needs to log the user of s in elsewhere. It
// writes: in a store that is full it fails with CodeStoreUnavailable. CodeInvalidSession
// for a session of a token that was rotated away, as with NewTicket.
func (m *Manager) Approve(ctx context.Context, s *Session) (Approval, error) {
	if !s.made() {
		return Approval{}, errNoSession()
	}
	ctx, cancel := m.operation(ctx)
	defer cancel()
	var a Approval
	err := m.editListed(ctx, s, func(u *user, _ *record.Entry) error {
		if u.Epoch == 0 { // as in the record that comes after one that is lost
			u.newEpoch()
		}
		a.Epoch = u.Epoch
		return nil
	})
	if err != nil {
		return Approval{}, err
	}
	a.AppID, a.OpenID, a.UnionID = s.rec.Owner()
	if a.Mark, err = m.mark(ctx, a.user()); err != nil {
		return Approval{}, err
	}
	// In a store that is full s is listed even if it has ended. Who ends it after this
	// look finds the mark.
	if _, _, err := m.inUse(ctx, s.name); err != nil {
		return Approval{}, err
	}
	return a, nil
}

func (a Approval) user() record.Name { return record.OfUser(a.AppID, a.OpenID) }

// mark returns the mark that stands for what a user has approved, made anew if
// there is none, and keeps it for as long as a session may last.
func (m *Manager) mark(ctx context.Context, user record.Name) (uint64, error) {
	key := user.Key(record.MarkPrefix)
	for conflicts := range maxSwaps {
		found, err := m.values.get(ctx, key)
		if err != nil && !errors.Is(err, ErrNotFound) && !isUnusable(err) {
			return 0, errStore(err)
		}
		if err != nil || len(found.value.Body()) != markLen {
			found.value = m.values.ring.New(binary.BigEndian.AppendUint64(nil, random48()))
		}
		stands, err := m.values.swap(ctx, key, found.raw, found.value, m.cfg.Lifetime)
		if err == nil {
			return binary.BigEndian.Uint64(stands.value.Body()), nil
		}
		if !errors.Is(err, ErrConflict) {
			return 0, errStore(err)
		}
		if err := m.backOff(ctx, conflicts); err != nil {
			return 0, err
		}
	}
	return 0, errStore(errSwaps)
}

// markLen is the length of a mark.
const markLen = 8

// marked refuses an approval whose mark is gone.
func (m *Manager) marked(ctx context.Context, a Approval) error {
	found, err := m.values.get(ctx, a.user().Key(record.MarkPrefix))
	switch {
	case errors.Is(err, ErrNotFound), isUnusable(err),
		err == nil && string(found.value.Body()) != string(binary.BigEndian.AppendUint64(nil, a.Mark)):
		return errRevoked(record.ByEverywhere)
	case err != nil:
		return errStore(err)
	}
	return nil
}

// IssueApproved is Issue for the user who has approved. CodeSessionRevoked if
// it is void since: whichever came first is decided where the session is listed.
func (m *Manager) IssueApproved(ctx context.Context, a Approval, device string) (token string, s *Session, err error) {
	ctx, end := m.observe(ctx, OpLogin)
	defer func() { end(err) }()
	app := m.apps[a.AppID]
	if app == nil {
		return "", nil, errBadRequest("the approval is for none of the configured apps")
	}
	if err := validateDevice(device); err != nil {
		return "", nil, err
	}
	if err := m.marked(ctx, a); err != nil {
		return "", nil, err
	}
	id := Identity{OpenID: a.OpenID, UnionID: a.UnionID}
	return m.issue(ctx, issuance{app: app, id: id, device: device, admit: func(u *user) error {
		if a.Epoch == 0 || u.Epoch != a.Epoch {
			return errRevoked(record.ByEverywhere)
		}
		return nil
	}, still: func(ctx context.Context) error { return m.marked(ctx, a) }})
}

// newEpoch makes void what the user has approved. An epoch is random: a count would
// begin again after the store has lost the record, and come by the epochs of
// approvals that log-outs have made void. It has 48 bits, so that it fits in a number
// of JavaScript too; 0 is that of a user who has neither approved nor logged out.
func (u *user) newEpoch() {
	u.Epoch = random48()
}

// random48 is not 0.
func random48() uint64 {
	var b [8]byte
	rand.Read(b[2:]) // never fails: see crypto/rand
	return binary.BigEndian.Uint64(b[:]) + 1
}
