package core

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Approval says that a user has agreed to a login elsewhere, from a session of
// theirs. It is no secret, and good for one app. It is void after a log-out
// everywhere, and after the session that it came from was ended from another one, or
// for theft. An ordinary log-out leaves it. It may be void as well after such an end
// of any session of the user; once the store has lost the user's record, which would
// know of all that, or the session that it came from; and once any session from which
// something was approved is found dead: where a store is full, an end leaves no other
// trace.
//
// It prints and logs as its app only. JSON has all of it, to be stored until it is
// used.
type Approval struct {
	AppID   string `json:"appid"`
	OpenID  string `json:"openid"`
	UnionID string `json:"unionid,omitempty"`
	Epoch   uint64 `json:"epoch"`
	Session string `json:"session,omitempty"` // Session.ID of the one it came from
}

// Approve returns what IssueApproved needs to log the user of s in elsewhere. The
// first one from a session is written down: in a store that is full it fails with
// CodeStoreUnavailable.
func (m *Manager) Approve(ctx context.Context, s *Session) (Approval, error) {
	if !s.made() {
		return Approval{}, errNoSession()
	}
	ctx, cancel := m.operation(ctx)
	defer cancel()
	var a Approval
	err := m.editListed(ctx, s, func(u *user, e *record.Entry) error {
		e.Approved = true
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
	a.Session = s.ID
	return a, nil
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
	id := Identity{OpenID: a.OpenID, UnionID: a.UnionID}
	var epoch uint64
	var dropped bool
	token, s, err = m.issue(ctx, issuance{app: app, id: id, device: device, admit: func(u *user) error {
		if a.Epoch == 0 || u.Epoch != a.Epoch {
			return errRevoked(record.ByEverywhere)
		}
		return nil
	}, entered: func(u *user) { epoch, dropped = u.Epoch, slices.Contains(u.dropped, a.Session) }})
	if err != nil {
		return "", nil, err
	}
	if err = errRevoked(record.ByDevice); !dropped {
		err = m.lasts(ctx, a, epoch)
	}
	if err != nil {
		if end := m.LogoutSession(context.WithoutCancel(ctx), s); end != nil {
			m.log.failure(ctx, "cannot end a session that was not handed out", end)
		}
		return "", nil, err
	}
	return token, s, nil
}

// lasts refuses if the session that a came from is listed, and dead: in a store that
// is full it may have been ended, and the user's record is as it was. epoch is what
// that said of the new session. It looks once that is listed: whoever ends the other
// one later finds it.
func (m *Manager) lasts(ctx context.Context, a Approval, epoch uint64) error {
	var dead []byte // what listed it, before its records were seen dead
	for range maxSwaps {
		u, err := m.readUser(ctx, userKey(a.AppID, a.OpenID))
		if err != nil {
			return err
		}
		e := u.find(a.Session)
		switch {
		case u.Epoch != epoch, e != nil && dead != nil && string(u.raw) == string(dead):
			return errRevoked(record.ByDevice)
		case e == nil: // it has logged out, or given way
			return nil
		}
		seen, _, err := m.readRecords(ctx, *e)
		if err != nil || seen != 0 {
			return err
		}
		dead = u.raw
	}
	return errStore(errSwaps)
}

// newEpoch makes void what the user has approved. An epoch is random: a count would
// begin again after the store has lost the record, and come by the epochs of
// approvals that log-outs have made void. It has 48 bits, so that it fits in a number
// of JavaScript too; 0 is that of a user who has neither approved nor logged out.
func (u *user) newEpoch() {
	var b [8]byte
	rand.Read(b[2:]) // never fails: see crypto/rand
	u.Epoch = binary.BigEndian.Uint64(b[:]) + 1
}
