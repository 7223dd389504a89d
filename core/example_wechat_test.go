package core_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores/memory"
)

// aliceAt logs alice in.
func aliceAt(m *core.Manager, wx *wxtest.Server) (token string, s *core.Session) {
	token, s, err := m.Login(context.Background(), core.LoginRequest{Code: wx.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	return token, s
}

// Data that may be used once, and only while it is fresh: a coupon for a shared
// group, say.
func ExampleManager_DecryptData() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	_, s := aliceAt(m, wx)

	data, iv := wx.Encrypt("o-alice", map[string]string{"openGId": "g-1"})
	encrypted := core.EncryptedData{Data: data, IV: iv, MaxAge: 5 * time.Minute, Once: true}
	for range 2 {
		found, err := m.DecryptData(context.Background(), s, encrypted)
		if err != nil {
			fmt.Println(core.CodeOf(err))
			continue
		}
		fmt.Println("of the present session_key:", !found.Previous)
	}
	// Output:
	// of the present session_key: true
	// invalid_signature
}

func ExampleManager_VerifySignature() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	_, s := aliceAt(m, wx)

	rawData := `{"nickName":"Alice"}` // byte for byte as wx.getUserInfo gave it
	signature := wx.Sign("o-alice", rawData)
	fmt.Println(m.VerifySignature(context.Background(), s, rawData, signature))
	fmt.Println(core.CodeOf(m.VerifySignature(context.Background(), s, rawData+" ", signature)))
	// Output:
	// <nil>
	// invalid_signature
}

func ExampleManager_PhoneNumber() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)

	phone, err := m.PhoneNumber(context.Background(), "", wx.PhoneCode("o-alice", "13580006666"))
	fmt.Println(phone.PurePhoneNumber, err)
	_, err = m.PhoneNumber(context.Background(), "", wx.Code("o-alice")) // of wx.login, not of the button
	fmt.Println(core.CodeOf(err))
	// Output:
	// 13580006666 <nil>
	// invalid_code
}

// Another device has logged in, and WeChat has a new session_key for the user.
func ExampleManager_CheckSessionKey() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	token, s := aliceAt(m, wx)
	ctx := context.Background()

	wx.RotateSessionKey("o-alice")
	fmt.Println(core.CodeOf(m.CheckSessionKey(ctx, s)))
	_, err := m.Authenticate(ctx, token)
	fmt.Println(err) // the session lives on
	// Output:
	// session_key_expired
	// <nil>
}

// The middleware of routes that decrypt asks WeChat once in five minutes.
func ExampleManager_RequireSessionKey() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	token, _ := aliceAt(m, wx)
	req := core.Request{Method: "GET", Header: http.Header{"Authorization": {"Bearer " + token}}}

	for range 3 {
		if _, _, err := m.RequireSessionKey(context.Background(), req, 5*time.Minute); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(wx.Calls("/wxa/checksession"), "call")
	// Output: 1 call
}

// A session_key that may have leaked is replaced.
func ExampleManager_ResetSessionKey() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	_, s := aliceAt(m, wx)

	before := wx.SessionKey("o-alice")
	err := m.ResetSessionKey(context.Background(), s)
	fmt.Println(err, wx.SessionKey("o-alice") != before)
	// Output: <nil> true
}

func ExampleManager_UserEncryptKeys() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	_, s := aliceAt(m, wx)

	onThePhone := wx.LatestUserKey("o-alice") // wx.getUserCryptoManager().getLatestUserKey
	keys, err := m.UserEncryptKeys(context.Background(), s)
	fmt.Println(err, keys[0].Version == onThePhone.Version)
	// Output: <nil> true
}

// A call that core does not wrap, with the access token that all instances share.
func ExampleManager_Client() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)

	c, err := m.Client("") // the default app
	if err != nil {
		log.Fatal(err)
	}
	openPID, err := c.PluginOpenPID(context.Background(), wx.PluginCode("o-alice"))
	fmt.Println(openPID != "", err)
	// Output: true <nil>
}

// Apps that a third-party platform manages log in without a secret of their own.
func ExampleNewComponentProvider() {
	wx := wxtest.NewServer()
	defer wx.Close()
	wx.AddPlatform("wxplatform", "component-token", wx.AppID)

	platform, err := wxapi.NewComponent(wxapi.Config{AppID: "wxplatform", Bases: []string{wx.URL}}, func(context.Context) (wxapi.Secret, error) {
		return "component-token", nil
	})
	if err != nil {
		log.Fatal(err)
	}
	store, err := memory.New(memory.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	m, err := core.New(core.Config{AppID: wx.AppID, IdentityProvider: core.NewComponentProvider(platform)}, store)
	if err != nil {
		log.Fatal(err)
	}
	_, s, err := m.Login(context.Background(), core.LoginRequest{Code: wx.Code("o-alice")})
	fmt.Println(s.OpenID, err)
	// Output: o-alice <nil>
}
