package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/wxsession/wxsession/core/internal/record"
	"github.com/wxsession/wxsession/core/wxapi"
)

// printed is everything that fmt, slog, JSON and YAML show of v, where it stands
// alone and in values of the application's own.
func printed(t *testing.T, v any) string {
	t.Helper()
	pointer := reflect.New(reflect.TypeOf(v))
	pointer.Elem().Set(reflect.ValueOf(v))
	var out bytes.Buffer
	for _, v := range []any{v, pointer.Interface(), []any{v}, map[string]any{"a": v}, struct{ V any }{v}} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q %d %x\n", v, v, v, v, v, v, v)
		js, err := json.Marshal(v)
		y, err2 := yaml.Marshal(v)
		if err != nil || err2 != nil {
			t.Error(err, err2)
		}
		out.Write(js)
		out.Write(y)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	return out.String()
}

// TestPrintsShowNobody: no code, and not who somebody is.
func TestPrintsShowNobody(t *testing.T) {
	session := Session{AppID: "wx-shown", OpenID: "o-marker", UnionID: "u-marker", ID: "id-shown"}
	for _, c := range []struct {
		v    any
		want string
	}{
		{session, "id-shown"},
		{Draft{Session: session, device: "d-marker", profile: json.RawMessage(`"marker"`), attrs: record.Attributes{"a": "marker"}}, "id-shown"},
		{LoginRequest{
			Code: "marker", AppID: "wx-shown", Device: "phone", RawData: "marker", Signature: "marker", EncryptedData: "marker", IV: "marker",
			Header: http.Header{"Cookie": {"marker"}},
		}, "wx-shown"},
		{Request{
			Method: "POST", Path: "/shown", Query: "ticket=marker", Header: http.Header{"Authorization": {"Bearer marker"}}, Body: strings.NewReader("marker"),
		}, "/shown"},
		{Identity{OpenID: "o-marker", UnionID: "u-marker", SessionKey: wxapi.Secret("marker")}, "Identity"},
	} {
		text := printed(t, c.v)
		for _, secret := range []string{"marker", fmt.Sprintf("%x", "marker"), strings.Trim(fmt.Sprint([]byte("marker")), "[]")} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%T shows …%s…", c.v, text[max(0, i-100):i+20])
			}
		}
		if !strings.Contains(text, c.want) {
			t.Errorf("%T does not show %s: %s", c.v, c.want, text)
		}
	}
}

// TestAnApprovalIsStoredWholeAndPrintsNobody: its JSON is what a package keeps of
// it until it is used.
func TestAnApprovalIsStoredWholeAndPrintsNobody(t *testing.T) {
	a := Approval{AppID: "wx-shown", OpenID: "o-marker", UnionID: "u-marker", Epoch: 7, Mark: 9}
	stored, err := json.Marshal(a)
	if err != nil || string(stored) != `{"appid":"wx-shown","openid":"o-marker","unionid":"u-marker","epoch":7,"mark":9}` {
		t.Errorf("it is stored as %s, %v", stored, err)
	}
	var again Approval
	if err := json.Unmarshal(stored, &again); err != nil || again != a {
		t.Errorf("it is read as %+v, %v", again, err)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %q %d %x %v", a, a, a, a, a, a, a, []*Approval{&a}[0])
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", a, "p", &a)
	y, err := yaml.Marshal([]any{a, &a})
	out.Write(y)
	if text := out.String(); err != nil || strings.Contains(text, "marker") || strings.Contains(text, "6d61726b6572") || !strings.Contains(string(y), "wx-shown") {
		t.Errorf("it prints as %s, %v", text, err)
	}
}

// TestAnIdentityThatWasMarshalledIsNobody: two users must not become one.
func TestAnIdentityThatWasMarshalledIsNobody(t *testing.T) {
	js, err := json.Marshal(Identity{OpenID: "o-alice", UnionID: "u-alice"})
	id := Identity{}
	if err := errors.Join(err, json.Unmarshal(js, &id)); err != nil || id.validate() == nil {
		t.Errorf("%s is read as an identity, %v", js, err)
	}
	if err := json.Unmarshal([]byte(`{"OpenID":"o-alice"}`), &id); err != nil || id.OpenID != "o-alice" {
		t.Errorf("a provider's own JSON is not read: %v", err)
	}
}
