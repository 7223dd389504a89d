package wxtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxtest"
)

const loginPath = "/sns/jscode2session"

func newServer(t *testing.T, opts ...wxtest.Options) *wxtest.Server {
	t.Helper()
	wx := wxtest.NewServer(opts...)
	t.Cleanup(wx.Close)
	return wx
}

// answer is a reply as it came over the wire.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

// errcode is -999 where there is none.
func (a answer) errcode() int {
	if n, ok := a.json["errcode"].(float64); ok {
		return int(n)
	}
	return -999
}

func (a answer) text(name string) string {
	s, _ := a.json[name].(string)
	return s
}

// send makes a request; a body makes it a POST.
func send(t *testing.T, wx *wxtest.Server, path string, query url.Values, body string) answer {
	t.Helper()
	a, err := try(wx, path, query, body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func try(wx *wxtest.Server, path string, query url.Values, body string) (answer, error) {
	target := wx.URL + path + "?" + query.Encode()
	resp, err := func() (*http.Response, error) {
		if body == "" {
			return http.Get(target)
		}
		return http.Post(target, "application/json", strings.NewReader(body))
	}()
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(b)}
	json.Unmarshal(b, &a.json)
	return a, err
}

func without(q url.Values, name string) url.Values {
	q.Del(name)
	return q
}

func with(q url.Values, name, value string) url.Values {
	q.Set(name, value)
	return q
}

// The handler can be served by somebody else, who may not allow to hijack.
func TestServeHTTPElsewhere(t *testing.T) {
	wx := newServer(t)
	rec := httptest.NewRecorder()
	wx.ServeHTTP(rec, httptest.NewRequest("GET", loginPath, nil))
	if rec.Code != 200 || !strings.Contains(rec.Body.String(), "41002") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("a reset did not abort the handler")
		}
	}()
	wx.Fail("", wxtest.Fault{Reset: true}, 1)
	wx.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", loginPath, nil))
}

func TestUnknownPath(t *testing.T) {
	wx := newServer(t)
	if a := send(t, wx, "/sns/nothing", nil, ""); a.errcode() != 40066 || a.status != 200 {
		t.Error(a.body)
	}
	if n := wx.Calls(""); n != 1 {
		t.Errorf("%d calls", n)
	}
}
