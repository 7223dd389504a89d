package wxapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// Watermark is what decrypted data has to prove.
type Watermark struct {
	// AppID must be the one in the data's watermark. It is required.
	AppID string
	// OpenID, if set, must be the data's openId where the data names one: profiles
	// of wx.getUserInfo do; phone numbers, groups and steps do not.
	OpenID string
	// MaxAge, if positive, refuses data that WeChat encrypted longer ago.
	MaxAge time.Duration
	// Now is the clock for MaxAge; nil means time.Now.
	Now func() time.Time
}

// clockSkew is how far ahead of ours WeChat's clock may be.
const clockSkew = time.Minute

// matches judges by the members that decide, and by no others.
func (w Watermark) matches(plain []byte) bool {
	if w.AppID == "" || !json.Valid(plain) {
		return false
	}
	object, ok := deciding(plain, "watermark", "openId")
	if !ok {
		return false
	}
	mark, ok := deciding(object[0], "appid", "timestamp")
	if !ok || !isText(mark[0], w.AppID) {
		return false
	}
	if named := object[1] != nil; named && w.OpenID != "" && !isText(object[1], w.OpenID) {
		return false
	}
	return w.MaxAge <= 0 || w.fresh(mark[1])
}

func (w Watermark) fresh(timestamp json.RawMessage) bool {
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	var seconds *int64
	if json.Unmarshal(timestamp, &seconds) != nil || seconds == nil {
		return false
	}
	age := now().Sub(time.Unix(*seconds, 0))
	return -clockSkew <= age && age <= w.MaxAge
}

func isText(raw json.RawMessage, want string) bool {
	var text *string
	return json.Unmarshal(raw, &text) == nil && text != nil && *text == want
}

// deciding returns the members of a JSON object that have these names, nil for
// one that is missing. It is not ok if there is no object, or if one of these
// members comes twice or in another spelling (OpenId, \u006fpenId): decoders,
// encoding/json among them, ignore case and take the last of two, so what is
// judged here would not be what the application reads. WeChat writes each of
// them once and plainly.
func deciding(object []byte, names ...string) (values []json.RawMessage, ok bool) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	values = make([]json.RawMessage, len(names))
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, false
		}
		name, _ := t.(string)
		written := object[:d.InputOffset()] // ends with the name as it is written
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, false
		}
		for i, want := range names {
			switch {
			case !strings.EqualFold(name, want):
			case values[i] != nil || !bytes.HasSuffix(written, []byte(`"`+want+`"`)):
				return nil, false
			default:
				values[i] = value
			}
		}
	}
	return values, true
}
