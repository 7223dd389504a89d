package weblogin

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wxsession/wxsession/core"
)

// attemptLife is how long a website login can take, from the code on the screen
// to the session.
const attemptLife = 180 * time.Second

// state is how far an attempt is.
type state string

const (
	pending   state = "pending"   // nobody has scanned the code
	scanned   state = "scanned"   // a user has, and no other can
	confirmed state = "confirmed" // that user agrees
	denied    state = "denied"    // that user does not, or may not
	claimed   state = "claimed"   // a request of the browser is about to log it in; seen as confirmed
	used      state = "used"      // the browser is logged in; seen as confirmed by the user
)

// attempt is a website login in progress, as it is stored: a small record that
// every move replaces as a whole, by compare-and-swap.
type attempt struct {
	Version int    `json:"v"`
	State   state  `json:"state"`
	Secret  []byte `json:"secret"` // hash of what the browser has in its cookie
	Created int64  `json:"created"`
	Browser string `json:"browser,omitempty"`
	IP      string `json:"ip,omitempty"`
	// By is who has scanned; with its epoch since they confirmed.
	By core.Approval `json:"by,omitzero"`
	// Claim tells one claim from another.
	Claim string `json:"claim,omitempty"`
}

const attemptVersion = 1

// errMalformed counts as absent. A later version does not: it is a roll-out in
// progress, and the attempt may be as good as ever.
var (
	errMalformed = fmt.Errorf("the stored login is malformed: %w", core.ErrNotFound)
	errVersion   = errors.New("the stored login is of a later version")
)

func (a attempt) encode() []byte {
	text, _ := json.Marshal(a) // of strings and numbers it never fails
	return text
}

func decodeAttempt(text []byte) (attempt, error) {
	var a attempt
	err := json.Unmarshal(text, &a)
	switch {
	case err == nil && a.Version > attemptVersion:
		return attempt{}, errVersion
	case err != nil || !a.valid():
		return attempt{}, errMalformed
	}
	return a, nil
}

func (a attempt) valid() bool {
	if a.Version != attemptVersion || len(a.Secret) != hashBytes || a.Created <= 0 {
		return false
	}
	switch a.State {
	case pending:
		return a.By == (core.Approval{}) && a.Claim == ""
	case scanned, confirmed, denied, used:
		return a.By.OpenID != "" && a.Claim == ""
	case claimed:
		return a.By.OpenID != "" && a.Claim != ""
	}
	return false
}

// ends is when the attempt is over, whatever its state.
func (a attempt) ends() time.Time { return time.UnixMilli(a.Created).Add(attemptLife) }

// shown is the state as users and browsers know it.
func (a attempt) shown() state {
	if a.State == claimed || a.State == used {
		return confirmed
	}
	return a.State
}

// with returns the attempt in another state.
func (a attempt) with(s state) attempt {
	a.State, a.Claim = s, ""
	if s == claimed {
		a.Claim = randomText(claimBytes)
	}
	return a
}

// action is what a user does in the mini program.
type action string

const (
	doScan    action = "scan"
	doConfirm action = "confirm"
	doDeny    action = "deny"
)

// outcome is the state that an action leads to.
var outcome = map[action]state{doScan: scanned, doConfirm: confirmed, doDeny: denied}

// after returns the attempt after an action of a user: the same if there is
// nothing to change, CodeConflict if the action is out of order.
func (a attempt) after(do action, appID, openID string) (attempt, error) {
	mine := a.By.AppID == appID && a.By.OpenID == openID
	switch {
	case a.State == pending && do == doScan:
		a.By = core.Approval{AppID: appID, OpenID: openID}
		return a.with(scanned), nil
	case a.State == pending:
		return a, errConflict("the code has to be scanned before")
	case !mine:
		return a, errConflict("another user has scanned the code")
	case do == doScan || a.shown() == outcome[do]:
		return a, nil
	case a.State == scanned:
		return a.with(outcome[do]), nil
	}
	return a, errConflict("the user has decided otherwise before")
}
