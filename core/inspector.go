package core

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Inspector tells what stands in a store, without a Manager and without acting
// on it. It is for tools that look after a store, such as wxsession doctor;
// applications do not need it.
type Inspector struct {
	ring  *record.Keyring
	clear *record.Keyring // opens what is in clear, where keys are set too
}

// NewInspector returns an Inspector for the values of a store with that prefix,
// which are sealed with the Keys of cfg. Nothing else of cfg counts.
func NewInspector(cfg Config, prefix string) (*Inspector, error) {
	keys, err := decodeKeys(cfg.Keys)
	if err != nil {
		return nil, err
	}
	ring, err := record.NewKeyring(keys, prefix, false)
	if err != nil {
		return nil, fmt.Errorf("in Keys (WX_KEYS): %w", err)
	}
	plain, err := record.NewKeyring(nil, prefix, true)
	return &Inspector{ring, plain}, err
}

// StoredValue is what an Inspector can tell of a value. It holds no secret and
// no openid.
type StoredValue struct {
	// Kind says what the value is for, by its key: "session", "user", "access token",
	// "used data", "ticket", "value" (of a package on top of this one); "" for a key
	// that this release does not write.
	Kind string
	Seal Seal
	// AppID is whose value it is; "" where that is not written in it, or cannot be
	// read.
	AppID string
}

// Seal says how a stored value is sealed.
type Seal string

const (
	SealCurrent Seal = "current" // by the first of the keys
	SealOlder   Seal = "older"   // by another one of them
	SealUnknown Seal = "unknown" // by a key that is none of them
	SealNone    Seal = "none"    // it is in clear
	// SealBroken: the value was damaged, moved from another key or prefix, or
	// written by somebody else.
	SealBroken Seal = "broken"
	SealLater  Seal = "later" // it has the form of a later release
)

// Inspect looks at a value and the key that it stands under, without the store's
// prefix.
func (i *Inspector) Inspect(key string, value []byte) StoredValue {
	found := StoredValue{Kind: storedKind(key)}
	var v record.Value
	v, found.Seal = i.open(key, value)
	if v == nil {
		return found
	}
	appID, err := storedApp(key, v)
	if err != nil {
		found.Seal = SealBroken
	}
	if appIDShaped(appID) && !secretShaped(appID) { // who writes to the store could have put anything there
		found.AppID = appID
	}
	return found
}

// open returns no value where it cannot be read.
func (i *Inspector) open(key string, value []byte) (record.Value, Seal) {
	v, err := i.ring.Open(key, bytes.Clone(value))
	switch {
	case err == nil && !i.ring.Seals():
		return v, SealNone
	case err == nil && i.ring.Stale(v):
		return v, SealOlder
	case err == nil:
		return v, SealCurrent
	case errors.Is(err, record.ErrClear):
		v, _ = i.clear.Open(key, bytes.Clone(value)) // ErrClear comes of nothing else
		return v, SealNone
	case errors.Is(err, record.ErrNoKey), errors.Is(err, record.ErrOtherKey):
		return nil, SealUnknown
	case errors.Is(err, record.ErrVersion):
		return nil, SealLater
	}
	return nil, SealBroken
}

// kindLen is the length of what says in a key what stands under it.
const kindLen = len(record.SessionPrefix)

func storedKind(key string) string {
	kind, named := key[:min(kindLen, len(key))], key[min(kindLen, len(key)):]
	switch {
	case kind == record.AccessPrefix && appIDShaped(named):
		return "access token"
	case kind == record.ValuePrefix && named != "":
		return "value"
	case !nameShaped(named):
		return ""
	}
	switch kind {
	case record.SessionPrefix:
		return "session"
	case record.UserPrefix:
		return "user"
	case record.SeenPrefix:
		return "used data"
	case record.TicketPrefix:
		return "ticket"
	case record.MarkPrefix:
		return "mark of approvals"
	}
	return ""
}

// nameShaped reports whether s could be a record's name in base64url.
func nameShaped(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(b) == len(record.Name{})
}

// storedApp decodes what has a form of its own, and returns whose it is.
func storedApp(key string, v record.Value) (appID string, err error) {
	switch key[:min(kindLen, len(key))] {
	case record.SessionPrefix:
		s, err := record.ParseSession(v)
		if err != nil || s.State() == record.Revoked { // a tombstone names nobody
			return "", err
		}
		appID, _, _ = s.Owner()
		return appID, nil
	case record.UserPrefix:
		_, err = record.DecodeUser(v.Body())
	case record.AccessPrefix:
		appID = key[kindLen:]
		_, err = record.DecodeAccessToken(v.Body())
	case record.TicketPrefix:
		var h record.HandOver
		h, err = record.DecodeHandOver(v.Body())
		appID = h.AppID
	}
	return appID, err
}
