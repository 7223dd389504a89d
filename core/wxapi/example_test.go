package wxapi_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
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

// What wx.getUserInfo signs is checked byte for byte.
func ExampleVerifySignature() {
	wx := wxtest.NewServer()
	defer wx.Close()
	key := wxapi.Secret(wx.SessionKey("openid-of-alice")) // which the server has from code2Session

	rawData := `{"nickName":"Alice"}`
	signature := wx.Sign("openid-of-alice", rawData)
	fmt.Println(wxapi.VerifySignature(rawData, signature, key), wxapi.VerifySignature(rawData+" ", signature, key))
	// Output: true false
}

// The signature by which WeChat knows who holds a session_key.
func ExampleSessionSignature() {
	fmt.Println(wxapi.SessionSignature("o0q0otL8aEzpcZL/FT9WsQ==", nil))
	// Output: 46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128
}

// Encrypted data has the same digest under whichever iv it is sent again.
func ExampleCiphertextDigest() {
	wx := wxtest.NewServer()
	defer wx.Close()

	encryptedData, _ := wx.Encrypt("openid-of-alice", map[string]string{"openGId": "g-1"})
	first, err := wxapi.CiphertextDigest(encryptedData)
	again, _ := wxapi.CiphertextDigest(encryptedData)
	fmt.Println(first == again, err)
	_, err = wxapi.CiphertextDigest("no base64")
	fmt.Println(err)
	// Output:
	// true <nil>
	// the encrypted data is not valid for this app and session
}

// What a mini program encrypts with wx.getUserCryptoManager.
func ExampleDecryptUserCrypto() {
	key := wxapi.UserKey{Key: wxapi.Secret(base64.StdEncoding.EncodeToString([]byte("0123456789abcdef"))), IV: "fedcba9876543210", Version: 1}
	block, err := aes.NewCipher([]byte("0123456789abcdef"))
	if err != nil {
		fmt.Println(err)
		return
	}
	text := []byte("hello\v\v\v\v\v\v\v\v\v\v\v") // padded to 16 bytes
	cipher.NewCBCEncrypter(block, []byte(key.IV)).CryptBlocks(text, text)

	plain, err := wxapi.DecryptUserCrypto(key, base64.StdEncoding.EncodeToString(text))
	fmt.Println(string(plain), err)
	// Output: hello <nil>
}

// A third-party platform exchanges the codes of the apps that it manages.
func ExampleNewComponent() {
	wx := wxtest.NewServer()
	defer wx.Close()
	wx.AddPlatform("wxplatform", "component-token", wx.AppID)

	p, err := wxapi.NewComponent(wxapi.Config{AppID: "wxplatform", Bases: []string{wx.URL}}, func(context.Context) (wxapi.Secret, error) {
		return "component-token", nil // the platform's own
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := p.Code2Session(context.Background(), wx.AppID, wx.Code("openid-of-alice"))
	fmt.Println(s.OpenID, err)
	// Output: openid-of-alice <nil>
}
