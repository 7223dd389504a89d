package main

import (
	"context"
	"fmt"
	"time"

	"github.com/wxsession/wxsession/core"
)

// What every library keeps of a user, and how long.
const (
	appID   = "wx4f4bc4dec97d474b"
	unionID = "ocMvos6NjeKLIBqg5Mr9QjxrP1FA"

	idleTimeout = 72 * time.Hour
	lifetime    = 30 * 24 * time.Hour
)

// wantUID is the attribute that every handler reads.
const wantUID = "1234567"

// attributes are three small things that an application keeps with a session.
var attributes = map[string]string{"uid": wantUID, "role": "user", "shop": "77"}

// openID is that of the i-th user.
func openID(i int) string { return fmt.Sprintf("o%027d", i) }

// payload is all of a session, for libraries that keep a map.
func payload(i int) map[string]string {
	p := map[string]string{"openid": openID(i), "unionid": unionID}
	for name, value := range attributes {
		p[name] = value
	}
	return p
}

// known is what every handler asks of a session: who it is, and one attribute. It
// stands in every measured time, so it looks nothing up.
func known(openID, attribute string) bool { return named(openID) && attribute == wantUID }

// named is what is asked of a session where no handler is measured.
func named(openID string) bool { return len(openID) == 28 }

// direct takes the code for the openid, so that sessions can be made without a
// WeChat.
type direct struct{}

func (direct) Identify(_ context.Context, r core.LoginRequest) (core.Identity, error) {
	return core.Identity{OpenID: r.Code, UnionID: unionID, SessionKey: "tiihtNczf5v6AKRyjwEUhQ=="}, nil
}

// keyless is direct of a platform that has no session_key, or of an import.
type keyless struct{}

func (keyless) Identify(_ context.Context, r core.LoginRequest) (core.Identity, error) {
	return core.Identity{OpenID: r.Code, UnionID: unionID}, nil
}
