package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"github.com/wxsession/wxsession/core/wxapi"
)

// passes reports whether a refusal passes by itself: it says nothing about AppID
// and Secret.
func passes(err error) bool {
	e, ok := errors.AsType[*wxapi.Error](err)
	return ok && (e.Kind == wxapi.KindRateLimited || e.ErrCode == -1)
}

// refusalProblem says what it means that WeChat gives no access token.
func refusalProblem(err error) problem {
	e, ok := errors.AsType[*wxapi.Error](err)
	switch {
	case !ok:
		return problem{"WeChat could not be asked: " + err.Error(), ""}
	case e.ErrCode == 0 && errors.Is(err, context.DeadlineExceeded):
		return problem{"WeChat did not answer in time", "try again; see whether firewalls pass api.weixin.qq.com"}
	case e.ErrCode == 0:
		return problem{"WeChat did not answer as it should: " + err.Error(), "try again; see proxies and gateways in between"}
	}
	p := errcodeProblem(e)
	p.what = fmt.Sprintf("%s (errcode %d", p.what, e.ErrCode)
	if e.RID != "" {
		p.what += ", rid " + e.RID
	}
	p.what += ")"
	return p
}

// console is where most of it is mended: mp.weixin.qq.com, development settings.
const console = "mp.weixin.qq.com (开发管理 > 开发设置)"

func errcodeProblem(e *wxapi.Error) problem {
	switch e.ErrCode {
	case -1:
		return problem{"WeChat is busy", "try again"}
	case 40013, 41002:
		return problem{"WeChat knows no such AppID", "copy the AppID from " + console + " into WX_APPID or WX_APPS; it is the mini program's, not that of an official account or of an open platform"}
	case 40125, 40001, 41004:
		return problem{"the Secret is not that of this AppID", "the console shows a secret once only, and a reset ends the old one: copy the present one into WX_SECRET or WX_APPS, or reset it in " + console + " and set it on all instances"}
	case 40164:
		return problem{"WeChat does not let the address " + addressIn(e.ErrMsg) + " fetch access tokens: it is not on the app's IP allow-list",
			"add it in " + console + ", IP 白名单; behind NAT it is the gateway's address. Logins work without, phone numbers and deep checks do not"}
	case 40243:
		return problem{"the Secret is frozen", "unfreeze it in " + console + "; that takes about ten minutes"}
	case 40002, 43002, 43003, 47001:
		return problem{"WeChat did not get the request as it was sent", "see proxies and gateways in between, and WX_API_BASE"}
	case 45009:
		return problem{"the app's quota of the day is used up", "see in the console who uses it up; each service has to share one access token, as this one does"}
	case 45011:
		return problem{"the app's quota of the minute is used up", "try again in a minute"}
	}
	return rareProblem(e)
}

func rareProblem(e *wxapi.Error) problem {
	switch e.ErrCode {
	case 50004:
		return problem{"the app may not fetch access tokens", "ask WeChat's support, with the rid"}
	case 50007:
		return problem{"the account is frozen", "see the messages in mp.weixin.qq.com"}
	case 61024:
		return problem{"the app belongs to a third-party platform, which has its tokens from elsewhere", "use core.NewComponentProvider; the doctor cannot look at that"}
	case 61004, 40090:
		return problem{"WeChat does not let the address " + addressIn(e.ErrMsg) + " act for this app, which a third-party platform manages", "call from an address that the platform has registered"}
	case 89501, 89503:
		return problem{"the call from the address " + addressIn(e.ErrMsg) + " waits for an administrator's confirmation", "an administrator of the mini program confirms it in WeChat on the phone; then try again"}
	case 89506:
		return problem{"an administrator has refused calls from the address " + addressIn(e.ErrMsg) + " twice", "WeChat takes none from there for 24 hours; then let the administrator confirm, or put the address on the IP allow-list"}
	case 89507:
		return problem{"an administrator has refused calls from the address " + addressIn(e.ErrMsg), "WeChat takes none from there for an hour; then let the administrator confirm, or put the address on the IP allow-list"}
	}
	return problem{"WeChat refuses: " + e.ErrMsg, "look the errcode up in WeChat's documentation; its console finds the call by the rid"}
}

// addressIn finds the IP address that WeChat names, as in "invalid ip 192.0.2.1
// ipv6 ::ffff:192.0.2.1, not in whitelist".
func addressIn(text string) string {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		if ip, err := netip.ParseAddr(word); err == nil {
			return ip.Unmap().String()
		}
	}
	return "of this machine"
}
