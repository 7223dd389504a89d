package wxapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/color"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

const codePath = "/wxa/getwxacodeunlimit"

func TestUnlimitedQRCode(t *testing.T) {
	wx := newWeChat(t)
	wx.Publish("pages/scan/scan")
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	for _, code := range []wxapi.QRCode{
		{Scene: "s"},
		{Scene: "!#$&'()*+,/:;=?@-._~", Page: "pages/scan/scan", EnvVersion: "trial", Width: 300},
		{Scene: strings.Repeat("~", 32), Page: "pages/new/new", SkipPageCheck: true, EnvVersion: "develop", Width: 1280},
		{Scene: "s", AutoColor: true, LineColor: &color.RGBA{R: 1, G: 2, B: 3, A: 255}, Transparent: true},
	} {
		img, err := c.UnlimitedQRCode(t.Context(), code)
		if err != nil || img.ContentType != "image/jpeg" {
			t.Errorf("%+v: %q, %v", code, img.ContentType, err)
			continue
		}
		l, err := wxtest.Scan(img.Data)
		if want := (wxtest.Launch{Page: code.Page, Scene: code.Scene}); err != nil || l != want {
			t.Errorf("%+v: %+v, %v", code, l, err)
		}
	}
}

func TestUnlimitedQRCodeErrors(t *testing.T) {
	wx := newWeChat(t)
	wx.Publish("pages/scan/scan")
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	for name, test := range map[string]struct {
		code    wxapi.QRCode
		kind    wxapi.Kind
		errcode int
	}{
		"no scene":         {wxapi.QRCode{}, wxapi.KindRejected, 40169},
		"a long scene":     {wxapi.QRCode{Scene: strings.Repeat("s", 33)}, wxapi.KindRejected, 40169},
		"a page not there": {wxapi.QRCode{Scene: "s", Page: "pages/new/new"}, wxapi.KindMisconfigured, 41030},
		"a narrow one":     {wxapi.QRCode{Scene: "s", Width: 1}, wxapi.KindRejected, 40097},
		"another version":  {wxapi.QRCode{Scene: "s", EnvVersion: "x"}, wxapi.KindRejected, 40097},
	} {
		img, err := c.UnlimitedQRCode(t.Context(), test.code)
		if e := wantError(t, err, test.kind); e.ErrCode != test.errcode || e.Op != "getUnlimitedQRCode" || e.RID == "" || img.Data != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := newClient(t, wx).UnlimitedQRCode(t.Context(), wxapi.QRCode{Scene: "s"})
	wantError(t, err, wxapi.KindMisconfigured)
}

// What is no image and no error of WeChat's is Unavailable, after one call; a
// busy WeChat is asked three times; a refused token is replaced.
func TestUnlimitedQRCodeFaults(t *testing.T) {
	for name, test := range map[string]struct {
		fault wxtest.Fault
		calls int
	}{
		"busy":            {wxtest.Fault{ErrCode: -1}, 3},
		"reset":           {wxtest.Fault{Reset: true}, 1},
		"502":             {wxtest.Fault{Status: 502}, 1},
		"no image, JSON":  {wxtest.Fault{Body: `{"errcode":0,"errmsg":"ok"}`}, 1},
		"empty object":    {wxtest.Fault{Body: `{}`}, 1},
		"half an object":  {wxtest.Fault{Body: `{"errcode":40169`, ContentType: "image/jpeg"}, 1},
		"a page":          {wxtest.Fault{Body: "<html>", ContentType: "image/jpeg"}, 1},
		"a vector image":  {wxtest.Fault{Body: `<svg xmlns="http://www.w3.org/2000/svg"/>`, ContentType: "image/svg+xml"}, 1},
		"a text":          {wxtest.Fault{Body: "sorry", ContentType: "image/jpeg"}, 1},
		"blanks":          {wxtest.Fault{Body: "  "}, 1},
		"more than 2 MiB": {wxtest.Fault{Huge: true}, 1},
		"JSON, whatever":  {wxtest.Fault{Body: "\n {\"errcode\":\"x\"}", ContentType: "image/png"}, 1},
	} {
		wx := newWeChat(t)
		wx.Fail(codePath, test.fault, wxtest.Always)
		img, err := newClient(t, wx, withTokens(&tokens{wx: wx})).UnlimitedQRCode(t.Context(), wxapi.QRCode{Scene: "s"})
		if err == nil || img.Data != nil {
			t.Errorf("%s: %d bytes, %v", name, len(img.Data), err)
			continue
		}
		wantError(t, err, wxapi.KindUnavailable)
		if n := wx.Calls(codePath); n != test.calls {
			t.Errorf("%s: %d calls", name, n)
		}
	}
	wx := newWeChat(t)
	wx.Fail(codePath, wxtest.Fault{ErrCode: 45009}, 1)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	_, err := c.UnlimitedQRCode(t.Context(), wxapi.QRCode{Scene: "s"})
	wantError(t, err, wxapi.KindRateLimited)
	wx.RevokeTokens()
	if _, err := c.UnlimitedQRCode(t.Context(), wxapi.QRCode{Scene: "s"}); err != nil {
		t.Error(err)
	}
}

// An error is told by its first character, an image by its bytes; neither by
// the Content-Type, which a browser must be able to trust.
func TestUnlimitedQRCodeContentType(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	for given, want := range map[string]string{
		"image/jpeg": "image/jpeg", "image/png": "image/png", "IMAGE/PNG": "image/png", "image/webp; q=1": "image/webp",
		"text/html": "image/png", "application/octet-stream": "image/png", "image/svg+xml": "image/png", "image/": "image/png", "nonsense": "image/png", "jpeg": "image/png",
	} {
		wx.Fail(codePath, wxtest.Fault{ContentType: given}, 1)
		if img, err := c.UnlimitedQRCode(t.Context(), wxapi.QRCode{Scene: "s"}); err != nil || img.ContentType != want {
			t.Errorf("%q: %q, %v", given, img.ContentType, err)
		}
	}
	for _, fault := range []wxtest.Fault{
		{ErrCode: 41030, ContentType: "image/jpeg"},
		{Body: "\r\n {\"errcode\":41030}"},
	} {
		wx.Fail(codePath, fault, 1)
		_, err := c.UnlimitedQRCode(t.Context(), wxapi.QRCode{Scene: "s"})
		wantError(t, err, wxapi.KindMisconfigured)
	}
}

// Images may be larger than JSON, up to a bound of their own, and are the
// caller's: later calls do not touch them.
func TestUnlimitedQRCodeSizes(t *testing.T) {
	size := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(append([]byte("\xff\xd8\xff"), bytes.Repeat([]byte{byte(size)}, size-3)...))
	}))
	defer srv.Close()
	c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: "s", Bases: []string{srv.URL}, Tokens: fixed("t")})
	if err != nil {
		t.Fatal(err)
	}
	var kept []wxapi.Image
	for _, size = range []int{100, 101, 200 << 10, 2 << 20} {
		img, err := c.UnlimitedQRCode(t.Context(), wxapi.QRCode{Scene: "s"})
		if err != nil || len(img.Data) != size {
			t.Fatalf("%d of %d bytes, %v", len(img.Data), size, err)
		}
		kept = append(kept, img)
	}
	for _, img := range kept {
		if n := len(img.Data); img.Data[n-1] != byte(n) {
			t.Errorf("an image of %d bytes was changed later", n)
		}
	}
	size = 2<<20 + 1
	_, err = c.UnlimitedQRCode(t.Context(), wxapi.QRCode{Scene: "s"})
	wantError(t, err, wxapi.KindUnavailable)
}

// What is not set is not sent: WeChat refuses an empty env_version. Nothing is
// escaped that WeChat would have to unescape.
func TestUnlimitedQRCodeRequest(t *testing.T) {
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
	}))
	defer srv.Close()
	c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: "s", Bases: []string{srv.URL}, Tokens: fixed("t")})
	if err != nil {
		t.Fatal(err)
	}
	for want, code := range map[string]wxapi.QRCode{
		`{"scene":"a=1&b=2"}`: {Scene: "a=1&b=2"},
		`{"scene":"s","page":"p","check_path":false,"env_version":"trial","width":300,"auto_color":true,"line_color":{"r":1,"g":2,"b":255},"is_hyaline":true}`: {
			Scene: "s", Page: "p", SkipPageCheck: true, EnvVersion: "trial", Width: 300,
			AutoColor: true, LineColor: &color.RGBA{1, 2, 255, 255}, Transparent: true,
		},
	} {
		if c.UnlimitedQRCode(t.Context(), code); body != want || !json.Valid([]byte(body)) {
			t.Errorf("got  %s\nwant %s", body, want)
		}
	}
}

func ExampleClient_UnlimitedQRCode() {
	wx := wxtest.NewServer()
	defer wx.Close()
	cfg := wxapi.Config{AppID: wx.AppID, Secret: wxapi.Secret(wx.Secret), Bases: []string{wx.URL}}
	source := new(cache) // see ExampleTokenSource
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
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	img, err := c.UnlimitedQRCode(ctx, wxapi.QRCode{Scene: "AAAAAAAAAAAAAAAAAAAAAA", Page: "pages/scan/scan"})
	fmt.Println(img.ContentType, err)
	launch, err := wxtest.Scan(img.Data) // the user, with the phone
	fmt.Println(launch, err)
	// Output:
	// image/jpeg <nil>
	// pages/scan/scan?scene=AAAAAAAAAAAAAAAAAAAAAA <nil>
}
