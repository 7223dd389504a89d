package core

import (
	"errors"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// Waits that help: WeChat's quotas count per minute and per day, and its own
// troubles pass within seconds.
const (
	wechatRetry      = 3 * time.Second
	minuteQuotaRetry = time.Minute
	dayQuotaRetry    = time.Hour

	errcodeDayQuota = 45009
	errcodeOpenID   = 40003
)

func errWeChat(cause error) *Error {
	return &Error{Code: CodeWeChatUnavailable, Message: "WeChat did not answer as it should, try again", RetryAfter: wechatRetry, cause: cause}
}

// upstreamError is the one place where WeChat's refusals become codes.
func upstreamError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	refusal, ok := errors.AsType[*wxapi.Error](err)
	if !ok {
		return errWeChat(err)
	}
	e := &Error{ErrCode: refusal.ErrCode, RID: refusal.RID, cause: err}
	switch refusal.Kind {
	case wxapi.KindInvalidCode:
		e.Code, e.Message = CodeInvalidCode, "WeChat does not accept the code: it has expired or belongs to another app, call wx.login again"
	case wxapi.KindCodeUsed:
		e.Code, e.Message = CodeCodeUsed, "the code was used before, call wx.login again"
	case wxapi.KindBlocked:
		e.Code, e.Message = CodeUserBlocked, "WeChat has blocked this user as high-risk"
	case wxapi.KindRateLimited:
		e.Code, e.Message, e.RetryAfter = CodeRateLimited, "WeChat's quota is used up, wait before the next try", minuteQuotaRetry
		if refusal.ErrCode == errcodeDayQuota {
			e.RetryAfter = dayQuotaRetry
		}
	case wxapi.KindInvalidSignature:
		e.Code, e.Message = CodeSessionKeyExpired, sessionKeyGone
	case wxapi.KindMisconfigured:
		e.Code, e.Message = CodeMisconfigured, "WeChat refuses this backend's configuration, see its log"
	default:
		e.Code, e.Message, e.RetryAfter = CodeWeChatUnavailable, "WeChat did not answer as it should, try again", wechatRetry
	}
	return e
}
