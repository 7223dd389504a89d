package wxapi_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

func ExampleClient_Code2Session() {
	wx := wxtest.NewServer() // in place of WeChat; leave Bases out for the real one
	defer wx.Close()
	c, err := wxapi.New(wxapi.Config{AppID: wx.AppID, Secret: wxapi.Secret(wx.Secret), Bases: []string{wx.URL}})
	if err != nil {
		fmt.Println(err)
		return
	}
	code := wx.Code("openid-of-alice")
	for range 2 {
		s, err := c.Code2Session(context.Background(), code)
		var e *wxapi.Error
		switch {
		case err == nil:
			fmt.Printf("%+v\n", s)
		case errors.As(err, &e) && e.Kind == wxapi.KindCodeUsed:
			fmt.Println("this code was used before")
		default:
			fmt.Println(err)
		}
	}
	// Output:
	// {OpenID:openid-of-alice UnionID: SessionKey:[redacted]}
	// this code was used before
}

// cache is the simplest TokenSource: for one process, without locks.
type cache struct {
	client *wxapi.Client
	token  wxapi.Secret
	ends   time.Time
}

func (c *cache) Token(ctx context.Context, stale wxapi.Secret) (wxapi.Secret, error) {
	if c.token != "" && c.token != stale && time.Now().Before(c.ends) {
		return c.token, nil
	}
	token, left, err := c.client.FetchToken(ctx, wxapi.StableToken, stale != "" && stale == c.token)
	if err != nil {
		return "", err
	}
	c.token, c.ends = token, time.Now().Add(left)
	return token, nil
}

func ExampleTokenSource() {
	wx := wxtest.NewServer()
	defer wx.Close()
	cfg := wxapi.Config{AppID: wx.AppID, Secret: wxapi.Secret(wx.Secret), Bases: []string{wx.URL}}
	source := new(cache)
	var err error
	if source.client, err = wxapi.New(cfg); err != nil {
		fmt.Println(err)
		return
	}
	cfg.Tokens = source
	c, err := wxapi.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	phone, err := c.PhoneNumber(context.Background(), wx.PhoneCode("openid-of-alice", "13580006666"), "openid-of-alice")
	fmt.Println(phone.PurePhoneNumber, err)
	// Output: 13580006666 <nil>
}

func ExampleDecrypt() {
	// The vector of WeChat's documentation.
	plain, err := wxapi.Decrypt(vectorKey, userInfo, vectorIV, wxapi.Watermark{AppID: "wx4f4bc4dec97d474b"})
	fmt.Printf("%.60s… %v\n", plain, err)

	_, err = wxapi.Decrypt(vectorKey, userInfo, vectorIV, wxapi.Watermark{AppID: "another app"})
	fmt.Println(err == wxapi.ErrInvalidData)
	// Output:
	// {"openId":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","nickName":"Band","… <nil>
	// true
}
