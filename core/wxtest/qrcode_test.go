package wxtest_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

const codePath = "/wxa/getwxacodeunlimit"

// askCode posts a body of JSON for the default app.
func askCode(t *testing.T, wx *wxtest.Server, body string) answer {
	t.Helper()
	return send(t, wx, codePath, url.Values{"access_token": {wx.AccessToken()}}, body)
}

func TestCodeOnTheWire(t *testing.T) {
	wx := newServer(t)
	const scene = "AAAAAAAAAAAAAAAAAAAA-_"
	a := askCode(t, wx, `{"scene":"`+scene+`","page":"pages/scan/scan","width":300}`)
	if a.status != 200 || a.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%d %s", a.status, a.header.Get("Content-Type"))
	}
	img, err := png.Decode(strings.NewReader(a.body)) // as the package's documentation says
	if err != nil || img.Bounds().Dx() != 300 || img.Bounds().Dy() != 300 {
		t.Fatalf("%v", err)
	}
	l, err := wxtest.Scan([]byte(a.body))
	if want := (wxtest.Launch{Page: "pages/scan/scan", Scene: scene}); err != nil || l != want {
		t.Errorf("%+v, %v", l, err)
	}
	if again := askCode(t, wx, `{"scene":"`+scene+`","page":"pages/scan/scan","width":300}`); again.body != a.body {
		t.Error("the same code looks different")
	}
}

func TestCodeParameters(t *testing.T) {
	wx := newServer(t)
	scene := func(s string) string { return fmt.Sprintf(`{"scene":%q}`, s) }
	with := func(more string) string { return `{"scene":"s",` + more + `}` }
	for _, test := range []struct {
		name, body string
		want       int
	}{
		{"a scene only", scene("s"), -999},
		{"32 characters", scene(strings.Repeat("s", 32)), -999},
		{"33 characters", scene(strings.Repeat("s", 33)), 40169},
		{"no scene", `{}`, 40169},
		{"an empty scene", scene(""), 40169},
		{"all that is allowed", scene("!#$&'()*+,/:;=?@-._~"), -999},
		{"a per cent sign", scene("a%20b"), 40169},
		{"a blank", scene("a b"), 40169},
		{"a quote", `{"scene":"a\"b"}`, 40169},
		{"Chinese", scene("登录"), 40169},
		{"a control character", `{"scene":"a\u0000"}`, 40169},
		{"a scene that is a number", `{"scene":1}`, 47001},
		{"a form", "scene=s", 47001},
		{"a page", with(`"page":"pages/index/index"`), -999},
		{"an empty page", with(`"page":""`), -999},
		{"a page with a slash", with(`"page":"/pages/index/index"`), 41030},
		{"a page with a query", with(`"page":"pages/index/index?a=b"`), 41030},
		{"a long page", with(`"page":"` + strings.Repeat("p", 129) + `"`), 41030},
		{"a narrow one", with(`"width":279`), 40097},
		{"the narrowest", with(`"width":280`), -999},
		{"the widest", with(`"width":1280`), -999},
		{"a wide one", with(`"width":1281`), 40097},
		{"a width of nought", with(`"width":0`), 40097},
		{"the released version", with(`"env_version":"release"`), -999},
		{"the trial version", with(`"env_version":"trial"`), -999},
		{"the developers' version", with(`"env_version":"develop"`), -999},
		{"another version", with(`"env_version":"beta"`), 40097},
		{"an empty version", with(`"env_version":""`), 40097},
		{"cosmetics", with(`"auto_color":true,"is_hyaline":true,"line_color":{"r":"10","g":20,"b":"x"}`), -999},
		{"further members", with(`"else":[]`), -999},
	} {
		a := askCode(t, wx, test.body)
		if a.errcode() != test.want {
			t.Errorf("%s: %.100s, want %d", test.name, a.body, test.want)
		}
		if isImage := strings.HasPrefix(a.body, "\x89PNG"); isImage != (test.want == -999) {
			t.Errorf("%s: %.20q", test.name, a.body)
		}
	}
}

func TestCodeErrorsOnTheWire(t *testing.T) {
	wx := newServer(t)
	token := url.Values{"access_token": {wx.AccessToken()}}
	for _, test := range []struct {
		query      url.Values
		body, want string
	}{
		{token, `{"scene":""}`, `{"errcode":40169,"errmsg":"invalid length for scene, or the data is not json string rid: `},
		{token, `{"scene":"s","page":"/p"}`, `{"errcode":41030,"errmsg":"invalid page rid: `},
		{token, `{"scene":"s","width":1}`, `{"errcode":40097,"errmsg":"invalid args rid: `},
		{token, "x", `{"errcode":47001,"errmsg":"data format error rid: `},
		{token, "", `{"errcode":43002,"errmsg":"require POST method rid: `},
		{nil, "{}", `{"errcode":41001,"errmsg":"access_token missing rid: `},
		{url.Values{"access_token": {"x"}}, "{}", `{"errcode":40001,`},
	} {
		a := send(t, wx, codePath, test.query, test.body)
		if !strings.HasPrefix(a.body, test.want) || a.status != 200 || a.header.Get("Content-Type") != "application/json; encoding=utf-8" {
			t.Errorf("%s: %d %s %s", test.body, a.status, a.header.Get("Content-Type"), a.body)
		}
	}
}

// Pages that are not published need check_path=false.
func TestCodePages(t *testing.T) {
	wx := newServer(t)
	other := wx.AddApp("wx2", "s2")
	wx.Publish("pages/index/index", "pages/scan/scan")
	for body, want := range map[string]int{
		`{"scene":"s"}`:                                              -999,
		`{"scene":"s","page":"pages/scan/scan"}`:                     -999,
		`{"scene":"s","page":"pages/scan"}`:                          41030,
		`{"scene":"s","page":"pages/scan/scan ","check_path":false}`: 41030,
		`{"scene":"s","page":"pages/new/new","check_path":true}`:     41030,
		`{"scene":"s","page":"pages/new/new","check_path":false}`:    -999,
		`{"scene":"s","page":"/pages/new/new","check_path":false}`:   41030,
	} {
		if a := askCode(t, wx, body); a.errcode() != want {
			t.Errorf("%s: %.100s", body, a.body)
		}
	}
	a := send(t, wx, codePath, url.Values{"access_token": {other.AccessToken()}}, `{"scene":"s","page":"pages/any"}`)
	if a.errcode() != -999 {
		t.Errorf("an app that published nothing: %.100s", a.body)
	}
}

// 5000 a minute for each app, whatever becomes of them.
func TestCodeQuota(t *testing.T) {
	wx := newServer(t, wxtest.Options{Now: func() time.Time { return time.Unix(1700000000, 0) }}) // 20 s into a minute
	other := wx.AddApp("wx2", "s2")
	wx.Advance(39 * time.Second)
	path := codePath + "?access_token=" + wx.AccessToken()
	for range 4999 {
		rec := httptest.NewRecorder()
		wx.ServeHTTP(rec, httptest.NewRequest("POST", path, strings.NewReader("{}")))
		if body := rec.Body.String(); !strings.HasPrefix(body, `{"errcode":40169,`) {
			t.Fatal(body)
		}
	}
	if a := askCode(t, wx, `{"scene":"s"}`); a.errcode() != -999 {
		t.Errorf("the 5000th: %.100s", a.body)
	}
	if a := askCode(t, wx, `{"scene":"s"}`); a.errcode() != 45009 {
		t.Errorf("the 5001st: %.100s", a.body)
	}
	if a := send(t, wx, codePath, url.Values{"access_token": {other.AccessToken()}}, `{"scene":"s"}`); a.errcode() != -999 {
		t.Errorf("another app: %.100s", a.body)
	}
	wx.Advance(time.Second)
	if a := askCode(t, wx, `{"scene":"s"}`); a.errcode() != -999 {
		t.Errorf("in the next minute: %.100s", a.body)
	}
}

func TestCodeFaults(t *testing.T) {
	wx := newServer(t)
	for name, test := range map[string]struct {
		fault wxtest.Fault
		check func(answer) bool
	}{
		"errcode":     {wxtest.Fault{ErrCode: -1}, func(a answer) bool { return a.errcode() == -1 }},
		"HTML":        {wxtest.Fault{Status: 502}, func(a answer) bool { return a.status == 502 }},
		"truncated":   {wxtest.Fault{Truncate: true}, func(a answer) bool { return strings.HasPrefix(a.body, "\x89PNG") && !strings.Contains(a.body, "IEND") }},
		"huge":        {wxtest.Fault{Huge: true}, func(a answer) bool { return strings.HasPrefix(a.body, "\x89PNG") && len(a.body) > 4<<20 }},
		"body":        {wxtest.Fault{Body: "<svg/>"}, func(a answer) bool { return a.body == "<svg/>" }},
		"contentType": {wxtest.Fault{ContentType: "text/html"}, func(a answer) bool { return a.header.Get("Content-Type") == "text/html" }},
	} {
		wx.Fail(codePath, test.fault, 1)
		if a := askCode(t, wx, `{"scene":"s"}`); !test.check(a) {
			t.Errorf("%s: %d %s %.100q", name, a.status, a.header.Get("Content-Type"), a.body)
		}
	}
}

func TestScanRefuses(t *testing.T) {
	wx := newServer(t)
	a := askCode(t, wx, `{"scene":"s"}`)
	img, err := png.Decode(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	var redrawn bytes.Buffer
	if err := png.Encode(&redrawn, img); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]string{
		"nothing": "", "JSON": `{"errcode":-1}`, "half of a code": a.body[:40], "a code drawn again": redrawn.String(),
		"a changed scene": strings.Replace(a.body, "?scene=s", "?scene=t", 1),
	} {
		if l, err := wxtest.Scan([]byte(b)); err == nil || l != (wxtest.Launch{}) {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
}
