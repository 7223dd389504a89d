package demo

import (
	"encoding/json"
	"io"

	"github.com/wxsession/wxsession/core"
)

const maxBody = 64 << 10 // as for the login routes

// ReadText reads a body of up to 64 KiB. Its errors are a client's, ready for
// the adapter's Refuse.
func ReadText(body io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	switch {
	case len(b) > maxBody:
		return "", &core.Error{Code: core.CodeRequestTooLarge, Message: "the body is over 64 KiB"}
	case err != nil:
		return "", &core.Error{Code: core.CodeBadRequest, Message: "the body could not be read to its end"}
	}
	return string(b), nil
}

// Encrypted is the body of POST /api/decrypt: what wx.getUserInfo and its kind
// give the mini program.
type Encrypted struct {
	Data string `json:"encryptedData"`
	IV   string `json:"iv"`
}

// ReadEncrypted reads the body of POST /api/decrypt, as ReadText does.
func ReadEncrypted(body io.Reader) (Encrypted, error) {
	var e Encrypted
	text, err := ReadText(body)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return e, &core.Error{Code: core.CodeBadRequest, Message: "send {\"encryptedData\":\"…\",\"iv\":\"…\"}"}
	}
	return e, nil
}

// Attr returns an attribute for GET /api/attrs/{name}. One that is not there
// is an error; one that is empty is not.
func Attr(s *core.Session, name string) (string, error) {
	for n, value := range s.Attrs() {
		if n == name {
			return value, nil
		}
	}
	return "", &core.Error{Code: core.CodeNotFound, Message: "the session has no attribute of this name"}
}
