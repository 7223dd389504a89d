package adaptertest

import (
	"fmt"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

func refusalRows() []row {
	return []row{
		{name: "WeChat's refusals keep their code, status, errcode and rid", check: (*rig).refusals},
		{name: "a WeChat that does not answer is 503 with Retry-After", check: (*rig).weChatDown},
		{name: "a misconfiguration is 500 and tells the client nothing", check: (*rig).misconfigured},
		{name: "a handler refuses as the login routes do", check: (*rig).handlerRefuses},
	}
}

func (r *rig) refusals() {
	r.start()
	for _, c := range []struct {
		errcode int
		status  int
		code    core.Code
	}{
		{40029, 400, core.CodeInvalidCode},
		{40163, 400, core.CodeCodeUsed},
		{40226, 403, core.CodeUserBlocked},
		{45011, 429, core.CodeRateLimited},
	} {
		r.wx.Fail("/sns/jscode2session", wxtest.Fault{ErrCode: c.errcode}, 1)
		a := r.do("POST", "/wx/login", loginBody("abc"))
		a.what += fmt.Sprintf(" with errcode %d", c.errcode)
		a.wantRefusal(c.status, c.code, "errcode", "rid")
	}
}

func (r *rig) weChatDown() {
	r.start()
	r.wx.Fail("/sns/jscode2session", wxtest.Fault{Status: 502}, 1)
	r.do("POST", "/wx/login", loginBody("abc")).wantRefusal(503, core.CodeWeChatUnavailable)
}

func (r *rig) misconfigured() {
	r.start()
	r.wx.Fail("/sns/jscode2session", wxtest.Fault{ErrCode: 40125}, 1)
	r.do("POST", "/wx/login", loginBody("abc")).wantRefusal(500, core.CodeMisconfigured)
}

func (r *rig) handlerRefuses() {
	r.start()
	r.app.setErr(&core.Error{Code: core.CodeBadRequest, Message: "attributes take too much"})
	r.do("GET", "/refuse", "").wantRefusal(400, core.CodeBadRequest)
	r.app.setErr(fmt.Errorf("cannot load the cart: %w", &core.Error{Code: core.CodeInvalidSession, Message: "it is gone"}))
	r.do("GET", "/refuse", "").wantUnauthorized(core.CodeInvalidSession, false)
}
