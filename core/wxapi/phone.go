package wxapi

import (
	"context"
	"encoding/json"
	"errors"
)

// Phone is a phone number that WeChat vouches for. It decodes from WeChat's
// JSON, also from what Decrypt returns for the phone number button.
type Phone struct {
	PhoneNumber     string `json:"phoneNumber"` // with the country's prefix if it is a foreign one
	PurePhoneNumber string `json:"purePhoneNumber"`
	CountryCode     string `json:"countryCode"` // such as "86"
}

// UnmarshalJSON also accepts a countryCode that is a number, as WeChat's
// documentation prints it.
func (p *Phone) UnmarshalJSON(b []byte) error {
	var in phoneInfo
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*p = in.phone()
	return nil
}

type phoneInfo struct {
	PhoneNumber     string `json:"phoneNumber"`
	PurePhoneNumber string `json:"purePhoneNumber"`
	CountryCode     digits `json:"countryCode"`
	Watermark       struct {
		AppID string `json:"appid"`
	} `json:"watermark"`
}

func (i phoneInfo) phone() Phone {
	return Phone{i.PhoneNumber, i.PurePhoneNumber, string(i.CountryCode)}
}

// digits is text that may come as a whole number.
type digits string

var errNotDigits = errors.New("neither text nor a whole number")

func (d *digits) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, (*string)(d))
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return errNotDigits
		}
	}
	*d = digits(b)
	return nil
}

type phoneReply struct {
	outcome
	Info phoneInfo `json:"phone_info"`
}

const maxPhone = 32 // bytes; numbers have at most 15 digits, and a prefix

func (r phoneReply) complete() bool {
	i := r.Info
	return visible(i.PhoneNumber, maxPhone) && visible(i.PurePhoneNumber, maxPhone) && visible(string(i.CountryCode), 8)
}

// PhoneNumber exchanges the code of the phone number button
// (/wxa/business/getuserphonenumber): good for five minutes, once, and another
// sort of code than wx.login's. With an openid WeChat also checks that the code
// is that user's; empty leaves it out.
func (c *Client) PhoneNumber(ctx context.Context, code, openid string) (Phone, error) {
	rq := &request{
		op: "getPhoneNumber", path: "/wxa/business/getuserphonenumber", once: true,
		hide: [5]Secret{2: Secret(code)},
	}
	if code == "" || len(code) > MaxCode {
		return Phone{}, rq.fail(KindInvalidCode, errCodeShape)
	}
	r, err := authorizedPost[phoneReply](ctx, c, rq, struct {
		Code   string `json:"code"`
		OpenID string `json:"openid,omitempty"`
	}{code, openid})
	if err != nil {
		return Phone{}, err
	}
	if id := r.Info.Watermark.AppID; id != "" && id != c.cfg.AppID {
		return Phone{}, rq.fail(KindUnavailable, errGarbage)
	}
	return r.Info.phone(), nil
}
