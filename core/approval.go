package core

import (
	"context"
	"crypto/rand"
	"encoding/binary"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Approval says that a user has agreed to a login elsewhere, from a session of
// theirs. It is no secret, and good for one app. It is void after a log-out
// everywhere, and after any session of the user was ended from another one or for
// theft: it may have come from that. An ordinary log-out leaves it. It is void as
// well once the store has lost the user's record, which would know of all that.
//
// It prints and logs as its app only. JSON has all of it, to be stored until it is
// used.
type Approval struct {
	AppID   string `json:"appid"`
	OpenID  string `json:"openid"`
	UnionID string `json:"unionid,omitempty"`
	Epoch   uint64 `json:"epoch"`
}

// Approve returns what IssueApproved needs to log the user of s in elsewhere.
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
	return m.issue(ctx, issuance{app: app, id: id, device: device, admit: func(u *user) error {
		if a.Epoch == 0 || u.Epoch != a.Epoch {
			return errRevoked(record.ByEverywhere)
		}
		return nil
	}})
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
