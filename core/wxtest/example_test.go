package wxtest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

// newClient stands for the program under test: it gets the address of WeChat's
// API from its configuration.
func newClient(wx *wxtest.Server) *wxapi.Client {
	c, err := wxapi.New(wxapi.Config{AppID: wx.AppID, Secret: wxapi.Secret(wx.Secret), Bases: []string{wx.URL}})
	if err != nil {
		panic(err)
	}
	return c
}

func Example() {
	wx := wxtest.NewServer()
	defer wx.Close()

	code := wx.Code("openid-of-alice") // what wx.login gives on the phone
	s, err := newClient(wx).Code2Session(context.Background(), code)
	fmt.Println(s.OpenID, err)
	// Output: openid-of-alice <nil>
}

// WeChat is busy once, and cannot be understood the next time.
func ExampleServer_Fail() {
	wx := wxtest.NewServer()
	defer wx.Close()
	wx.Fail("/sns/jscode2session", wxtest.Fault{ErrCode: -1}, 1)
	wx.Fail("/sns/jscode2session", wxtest.Fault{Status: 502}, 1)

	_, err := newClient(wx).Code2Session(context.Background(), wx.Code("openid-of-alice"))
	fmt.Println(err)
	fmt.Println(wx.Calls("/sns/jscode2session"), "calls")
	// Output:
	// code2Session: unavailable: http status 502
	// 2 calls
}

func ExampleServer_Advance() {
	wx := wxtest.NewServer()
	defer wx.Close()

	code := wx.Code("openid-of-alice")
	wx.Advance(5 * time.Minute)
	_, err := newClient(wx).Code2Session(context.Background(), code)
	var e *wxapi.Error
	fmt.Println(errors.As(err, &e) && e.Kind == wxapi.KindInvalidCode)
	// Output: true
}

// What a mini program brings from wx.getUserInfo.
func ExampleApp_Encrypt() {
	wx := wxtest.NewServer()
	defer wx.Close()

	alice := wx.OpenID("alice")
	encryptedData, iv := wx.Encrypt(alice, map[string]string{"openId": alice, "nickName": "Alice"})

	key := wxapi.Secret(wx.SessionKey(alice)) // which the server has from code2Session
	_, err := wxapi.Decrypt(key, encryptedData, iv, wxapi.Watermark{AppID: wx.AppID, OpenID: alice})
	fmt.Println(err)

	wx.RotateSessionKey(alice) // a login on another device
	encryptedData, iv = wx.Encrypt(alice, map[string]string{"openId": alice})
	_, err = wxapi.Decrypt(key, encryptedData, iv, wxapi.Watermark{AppID: wx.AppID, OpenID: alice})
	fmt.Println(err)
	// Output:
	// <nil>
	// the encrypted data is not valid for this app and session
}
