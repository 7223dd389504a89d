package core

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"strconv"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Draft is a session that may be changed: Manager.Update and Config.OnLogin hand
// it to the application's function, and store what that leaves in it. It is good
// until the function returns, and for one goroutine.
type Draft struct {
	// Session is as it is stored now; of a login, as it will be. Its attributes
	// show through the Draft's own methods, with the changes.
	Session

	attrs   record.Attributes
	profile json.RawMessage
	device  string
	header  Header
}

func newDraft(s *Session) *Draft {
	return &Draft{Session: *s, attrs: record.DecodeAttributes(s.rec.Attrs())}
}

// Attr returns the attribute called name, and "" if there is none.
func (d *Draft) Attr(name string) string { return d.attrs[name] }

// LookupAttr also tells an empty attribute from one that is not there.
func (d *Draft) LookupAttr(name string) (value string, found bool) {
	value, found = d.attrs[name]
	return value, found
}

// AttrInt returns an attribute as a number, and 0 if it is none or missing.
func (d *Draft) AttrInt(name string) int64 { return parseInt(d.attrs[name]) }

// Attrs yields all attributes, in no particular order.
func (d *Draft) Attrs() iter.Seq2[string, string] { return maps.All(d.attrs) }

// SetAttr sets an attribute. All names and values together may take 4 KiB;
// beyond it Update fails with CodeBadRequest, and a login with CodeAppUnavailable;
// nothing is stored then.
func (d *Draft) SetAttr(name, value string) { d.attrs[name] = value }

// SetAttrInt sets an attribute that AttrInt reads.
func (d *Draft) SetAttrInt(name string, value int64) { d.attrs[name] = strconv.FormatInt(value, 10) }

// DeleteAttr removes an attribute.
func (d *Draft) DeleteAttr(name string) { delete(d.attrs, name) }

// Profile is the user info that came encrypted with the login: WeChat's JSON
// (openId, nickName, …), verified to be of this user and app. It is there in
// Config.OnLogin only, and nil if the client sent none. Since 2022 WeChat fills
// it with placeholders ("微信用户"); take names and avatars from the user.
func (d *Draft) Profile() json.RawMessage { return d.profile }

// Device is the label that the client gave its login, in Config.OnLogin; text
// from outside.
func (d *Draft) Device() string { return d.device }

// Header is that of the login's request, in Config.OnLogin; nil for a login that
// is no HTTP request.
func (d *Draft) Header() Header { return d.header }

// maxAttributes bounds a session's attributes: all names and values together,
// in bytes.
const maxAttributes = 4 << 10

// encode returns the attributes as they are stored. Whose mistake its error is, the
// caller knows: what Update stores, clients have sent mostly; OnLogin is the server's.
func (d *Draft) encode() ([]byte, error) {
	if size := d.attrs.Size(); size > maxAttributes {
		return nil, fmt.Errorf("attributes take %d bytes, at most %d are kept", size, maxAttributes)
	}
	return d.attrs.Encode(), nil
}
