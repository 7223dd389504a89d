// Package wxtest is a WeChat in your process: a simulator of api.weixin.qq.com
// for your own end-to-end tests, in the manner of net/http/httptest. It answers
// with the formats, error texts and rules of the real servers, and misbehaves
// when told to.
//
//	wx := wxtest.NewServer()
//	defer wx.Close()
//
//	cfg := core.Config{AppID: wx.AppID, Secret: core.NewSecret(wx.Secret), APIBase: wx.URL}
//	// … build the application with cfg, then log in as a mini program would:
//	code := wx.Code("an-openid") // what wx.login returns
//
// Any program that lets you set the address of WeChat's API can be tested with
// it, whatever language it is written in: see [Server.ServeHTTP].
//
// # What is simulated
//
// Login codes (for five minutes, once, for one app), one session_key per user
// and app with its rotation and expiry, access tokens of both sorts with their
// overlaps and limits, phone numbers, the session_key APIs, encrypted data,
// signatures, and mini program codes. The clock can be injected ([Options.Now])
// and moved ([Server.Advance]).
//
// # Faults
//
// [Server.Fail] makes the next requests go wrong:
//
//	wx.Fail("/sns/jscode2session", wxtest.Fault{ErrCode: -1}, 2)                    // busy, twice
//	wx.Fail("/sns/jscode2session", wxtest.Fault{ErrCode: 45011}, wxtest.Always)     // quota used up, until Heal
//	wx.Fail("/sns/jscode2session", wxtest.Fault{Delay: time.Second}, wxtest.Always) // slow
//	wx.Fail("/sns/jscode2session", wxtest.Fault{Hang: true}, wxtest.Always)         // silent
//	wx.Block("openid-of-mallory")                                                   // a user whom WeChat blocks
//
// # Scanning
//
// [Scan] goes from the image of a mini program code to what the mini program's
// page gets, and [App.Open] gives the mini program on a user's phone, which logs
// in at your backend, scans and confirms:
//
//	alice := wx.Open("openid-of-alice", "http://localhost:8080/wx")
//	seen, err := alice.Scan(ctx, image) // the image that the browser got
//	_, err = alice.Confirm(ctx)
//
// The image is a PNG with a QR code, in which no pixel is lost, so that every
// reader of QR codes finds the text. Its Content-Type is image/jpeg all the same,
// which is WeChat's: a program that decodes the image must go by its bytes here.
package wxtest
