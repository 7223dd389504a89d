package core

import (
	"context"

	"github.com/wxsession/wxsession/core/wxapi"
)

// PhoneNumber exchanges the code of the getPhoneNumber button (not that of
// wx.login) for the phone number. Errors as of Login.
func (m *Manager) PhoneNumber(ctx context.Context, appID, code string) (wxapi.Phone, error) {
	return m.phoneNumber(ctx, appID, "", code)
}

// phoneNumber lets WeChat check that the code is openID's, if that is not "".
func (m *Manager) phoneNumber(ctx context.Context, appID, openID, code string) (wxapi.Phone, error) {
	ctx, end := m.observe(ctx, OpPhone)
	phone, err := m.askPhoneNumber(ctx, appID, openID, code)
	end(err)
	return phone, err
}

func (m *Manager) askPhoneNumber(ctx context.Context, appID, openID, code string) (wxapi.Phone, error) {
	if code == "" || len(code) > maxCode || !codeShaped(code) {
		return wxapi.Phone{}, errBadRequest("code is not one that the getPhoneNumber button returns")
	}
	var phone wxapi.Phone
	err := m.askWeChat(ctx, appID, phoneCalls, func(c *wxapi.Client) (err error) {
		phone, err = c.PhoneNumber(ctx, code, openID)
		return err
	})
	if err == nil {
		return phone, nil
	}
	e := asError(err)
	if e.ErrCode == errcodeOpenID && openID != "" {
		e.Code, e.RetryAfter = CodeInvalidCode, 0
	}
	if e.Code == CodeInvalidCode {
		e.Message = "the code is not this user's, or has expired: the user has to tap the getPhoneNumber button again"
	}
	return wxapi.Phone{}, e
}
