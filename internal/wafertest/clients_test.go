package wafertest

import (
	"testing"

	"github.com/gin-gonic/gin"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode) // it prints every route otherwise
	m.Run()
}

// client is a package as npm delivers it, and in what it differs from others.
type client struct {
	module string // its folder

	wafer1       bool // sends X-WX-Id, looks for the magic key
	sendsProfile bool // X-WX-Encrypted-Data and X-WX-IV, not only a code
	trustsServer bool // success gets the profile that the server has decrypted
	bareToken    bool // stores the skey, nothing else
	// reuses: while a session is stored, a login asks wx.checkSession, and the
	// server only if that fails. The others ask the server whenever they are told.
	reuses bool
	// byCode: has loginWithCode, and requests that log in use it.
	byCode bool
	// tellsAll: sends the skey with every request that it has one for. The other
	// one does so only where the request logs in.
	tellsAll bool

	badLogin   failure // what login reports for a code that WeChat refuses; Message is how it begins
	badRelogin failure // what a request that logs in reports then
	stranger   string  // what becomes of a request without a session: see withoutSession
}

const (
	servedAsSuccess = "the reply with its 401 goes to the success callback"
	logsIn          = "the client logs in and sends the request again"
	breaks          = "the client throws an exception"
)

func clients() []client {
	wafer1 := failure{"ERR_LOGIN_MISSING_SESSION", "登录失败(ERR_LOGIN_FAILED)："}
	unclear := failure{"ERR_LOGIN_MISSING_SESSION", "登录请求没有包含会话响应"}
	dumped := failure{"ERR_LOGIN_MISSING_SESSION", `{"F2C224D4`}
	byHeaders := failure{"", `响应错误，{"F2C224D4`}
	byCode := failure{"", "用户未登录过，请先使用 login() 登录"}
	return []client{
		{module: "qcloud-weapp-client-sdk", wafer1: true, reuses: true, tellsAll: true,
			badLogin: wafer1, badRelogin: wafer1, stranger: servedAsSuccess},
		{module: "wafer-client-sdk", wafer1: true, sendsProfile: true, reuses: true, tellsAll: true,
			badLogin: wafer1, badRelogin: wafer1, stranger: servedAsSuccess},
		{module: "wafer2-client-sdk-1.1.1", sendsProfile: true, bareToken: true, tellsAll: true,
			badLogin: unclear, badRelogin: unclear, stranger: servedAsSuccess},
		{module: "wafer2-client-sdk-1.1.3", sendsProfile: true, trustsServer: true, reuses: true, tellsAll: true,
			badLogin: dumped, badRelogin: dumped, stranger: breaks},
		{module: "wafer2-client-sdk-2.0.0", sendsProfile: true, trustsServer: true, byCode: true,
			badLogin: byHeaders, badRelogin: byCode, stranger: servedAsSuccess},
		{module: "wafer2-client-sdk-2.1.0", sendsProfile: true, trustsServer: true, byCode: true, tellsAll: true,
			badLogin: byHeaders, badRelogin: byCode, stranger: logsIn},
	}
}

// TestClients runs every scenario with every client against every adapter, each
// in a process of its own: the clients keep their state in their modules.
func TestClients(t *testing.T) {
	dir := install(t)
	for _, a := range adapters() {
		for _, c := range clients() {
			for name, run := range scenarios(c) {
				t.Run(a.name+"/"+c.module+"/"+name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, a)
					run(&scene{t, c, w, startPhone(t, dir, c, w)})
				})
			}
		}
	}
}

func scenarios(c client) map[string]func(*scene) {
	all := map[string]func(*scene){
		"login by headers":                      (*scene).login,
		"login by POST":                         (*scene).loginByPost,
		"login with a session":                  (*scene).loginAgain,
		"login with a code that WeChat refuses": (*scene).badLogin,
		"request with a session":                (*scene).request,
		"request that logs in":                  (*scene).requestThatLogsIn,
		"request without a session":             (*scene).withoutSession,
		"request with a revoked session":        (*scene).revoked,
		"request that is refused twice":         (*scene).refusedTwice,
		"request whose login fails":             (*scene).badRelogin,
		"request while the store is down":       (*scene).outage,
		"login while the store is down":         (*scene).outageAtLogin,
	}
	if c.sendsProfile {
		all["login with a profile that does not decrypt"] = (*scene).wrongProfile
	}
	if c.byCode {
		all["login by code"] = (*scene).loginByCode
	}
	return all
}
