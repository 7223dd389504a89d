package core

import (
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// expiresAt is the moment from which on a record is dead if nobody uses it, in
// Unix milliseconds.
func expiresAt(r record.Session) int64 { return min(r.LastSeen()+r.Idle(), endsAt(r)) }

// endsAt is the moment from which on a record is dead whatever happens.
func endsAt(r record.Session) int64 {
	end := r.Created() + r.Lifetime()
	if r.State() == record.Rotated {
		end = min(end, r.Until())
	}
	return end
}

// check says whether a request at now may use the record.
func check(r record.Session, now int64) error {
	if r.State() == record.Revoked && r.Why() != record.ByLogout { // whose client knows
		return errRevoked(r.Why())
	}
	if r.State() == record.Revoked {
		return errInvalidSession()
	}
	if now >= expiresAt(r) {
		return errInvalidSession()
	}
	return nil
}

// renewalShare: a renewal is written when a twentieth of the idle timeout has
// passed since the last one.
const renewalShare = 20

// renewalDue reports whether use at now is worth a write. What has a successor
// is not renewed.
func renewalDue(r record.Session, now int64) bool {
	return now-r.LastSeen() > r.Idle()/renewalShare && r.State() == record.Live
}

// ttlMargin is how much longer than its life the store keeps a session: by the
// clock of whoever writes next it may have less left than by the others. Of one that
// is short it is a share, as so much more would be garbage. That of a user's record
// is wider (see user.ttl).
const (
	ttlMargin = time.Minute
	ttlShare  = 20 // of the idle timeout
)

// ttl is for how long the store keeps the record; when it ends only the record
// says. It is positive even if that has expired since it was checked: a store takes
// nothing else, and its refusal would look like an outage.
func ttl(r record.Session, now int64) time.Duration {
	margin := min(r.Idle()/ttlShare, ttlMargin.Milliseconds())
	return millisUntil(expiresAt(r), now) + time.Duration(margin)*time.Millisecond
}

// millisUntil is a millisecond at least.
func millisUntil(end, now int64) time.Duration {
	return max(time.Duration(end-now), 1) * time.Millisecond
}

// wholeSeconds rounds milliseconds down.
func wholeSeconds(ms int64) int64 {
	return max(0, ms/int64(time.Second/time.Millisecond))
}

// remaining returns the seconds from now until s ends unused, and at most.
func (s *Session) remaining(now int64) (expiresIn, lifetime int64) {
	return wholeSeconds(expiresAt(s.rec) - now), wholeSeconds(endsAt(s.rec) - now)
}
