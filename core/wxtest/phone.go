package wxtest

import (
	"strconv"
	"strings"
)

// PhoneCode is a tap on the phone number button: it returns a code for
// getuserphonenumber, good once within five minutes. number is a Chinese one,
// or "+", the country's code, a blank, and the number there: "+852 51234567".
func (a *App) PhoneCode(openid, number string) string {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	key := text(64, "0123456789abcdef")
	a.server.issue(key, &code{kind: phoneCode, appid: a.AppID, openid: openid, number: number})
	return key
}

// PhoneData is a tap on the phone number button in the old way: the number,
// written as for PhoneCode, encrypted under the session_key. checkencryptedmsg
// knows it for three days.
func (a *App) PhoneData(openid, number string) (encryptedData, iv string) {
	encryptedData, iv = a.Encrypt(openid, newPhone(number))
	a.server.remember(encryptedData)
	return encryptedData, iv
}

type phone struct {
	PhoneNumber     string     `json:"phoneNumber"`
	PurePhoneNumber string     `json:"purePhoneNumber"`
	CountryCode     any        `json:"countryCode"`
	Watermark       *watermark `json:"watermark,omitempty"`
}

func newPhone(number string) phone {
	country, pure, foreign := strings.Cut(number, " ")
	if !foreign || !strings.HasPrefix(country, "+") {
		return phone{PhoneNumber: number, PurePhoneNumber: number, CountryCode: "86"}
	}
	return phone{PhoneNumber: country + pure, PurePhoneNumber: pure, CountryCode: country[1:]}
}

// servePhone serves /wxa/business/getuserphonenumber. Which error a code of
// another user gives is not known; here it is 40003.
func (s *Server) servePhone(a *App, rq *request, rp *reply) {
	var in struct{ Code, OpenID string }
	if !rq.into(&in, rp) {
		return
	}
	c, errcode := s.codes.take(in.Code, phoneCode, a.AppID, s.now())
	switch {
	case errcode != 0:
		rp.refuse(errInvalidCode) // a used code, too
		return
	case in.OpenID != "" && in.OpenID != c.openid:
		rp.refuse(errInvalidOpenID)
		return
	}
	c.used = true
	p := newPhone(c.number)
	p.Watermark = &watermark{s.now().Unix(), a.AppID}
	if n, err := strconv.Atoi(p.CountryCode.(string)); err == nil && rp.fault.CountryCodeNumber {
		p.CountryCode = n
	}
	rp.succeed(struct {
		refusal
		Info phone `json:"phone_info"`
	}{ok, p})
}
