package wxtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
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

// WeChat is slow, and the program under test has less patience.
func ExampleServer_Fail_delay() {
	wx := wxtest.NewServer()
	defer wx.Close()
	wx.Fail("/sns/jscode2session", wxtest.Fault{Delay: time.Minute}, wxtest.Always)

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := newClient(wx).Code2Session(ctx, wx.Code("openid-of-alice"))
	fmt.Println(err)
	// Output: code2Session: unavailable: context deadline exceeded
}

// The minute's quota is used up, until the test says otherwise.
func ExampleServer_Heal() {
	wx := wxtest.NewServer()
	defer wx.Close()
	wx.Fail("/sns/jscode2session", wxtest.Fault{ErrCode: 45011}, wxtest.Always)

	code := wx.Code("openid-of-alice")
	_, err := newClient(wx).Code2Session(context.Background(), code)
	var e *wxapi.Error
	fmt.Println(errors.As(err, &e) && e.Kind == wxapi.KindRateLimited, e.ErrMsg)

	wx.Heal()
	s, err := newClient(wx).Code2Session(context.Background(), code)
	fmt.Println(s.OpenID, err)
	// Output:
	// true api minute-quota reach limit, must slower, retry next minute
	// openid-of-alice <nil>
}

// WeChat considers one user a high risk, and nobody else.
func ExampleApp_Block() {
	wx := wxtest.NewServer()
	defer wx.Close()
	login := func(openid string) {
		_, err := newClient(wx).Code2Session(context.Background(), wx.Code(openid))
		var e *wxapi.Error
		fmt.Println(openid, "blocked:", errors.As(err, &e) && e.Kind == wxapi.KindBlocked)
	}
	wx.Block("mallory")
	login("mallory")
	login("alice")
	wx.Unblock("mallory")
	login("mallory")
	// Output:
	// mallory blocked: true
	// alice blocked: false
	// mallory blocked: false
}

// The way from the image that a website shows to what the mini program's page
// gets when a user scans it.
func ExampleScan() {
	wx := wxtest.NewServer()
	defer wx.Close()

	body := `{"scene":"AAAAAAAAAAAAAAAAAAAAAA","page":"pages/scan/scan"}`
	resp, err := http.Post(wx.URL+"/wxa/getwxacodeunlimit?access_token="+wx.AccessToken(), "application/json", strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	image, err := io.ReadAll(resp.Body)
	if err != nil {
		fmt.Println(err)
		return
	}
	launch, err := wxtest.Scan(image)
	fmt.Println(launch.Page, launch.Scene, err)
	// Output: pages/scan/scan AAAAAAAAAAAAAAAAAAAAAA <nil>
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
