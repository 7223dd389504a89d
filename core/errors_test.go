package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/internal/record"
	"github.com/wxsession/wxsession/core/wxapi"
)

// statuses is the table of the wire protocol. Clients rely on it.
var statuses = map[Code]int{
	"bad_request":         400,
	"request_too_large":   413,
	"not_found":           404,
	"invalid_code":        400,
	"code_used":           400,
	"invalid_signature":   400,
	"user_blocked":        403,
	"login_denied":        403,
	"cross_origin":        403,
	"conflict":            409,
	"app_unavailable":     503,
	"invalid_ticket":      401,
	"rate_limited":        429,
	"wechat_unavailable":  503,
	"misconfigured":       500,
	"no_session":          401,
	"invalid_session":     401,
	"session_revoked":     401,
	"session_key_expired": 401,
	"store_unavailable":   503,
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	for code, want := range statuses {
		if got := code.Status(); got != want {
			t.Errorf("%s: status %d, want %d", code, got, want)
		}
	}
	if got := Code("nonsense").Status(); got != 500 {
		t.Errorf("an unknown code: status %d, want 500", got)
	}
}

// The set is closed: a code that is declared must stand in the table, and the
// other way round.
func TestTheSetOfCodesIsClosed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[Code]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil || fmt.Sprint(spec.Type) != "Code" {
			return true
		}
		for _, v := range spec.Values {
			text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared[Code(text)] = true
		}
		return true
	})
	for code := range declared {
		if statuses[code] == 0 {
			t.Errorf("%s is declared and stands in no table", code)
		}
	}
	for code := range statuses {
		if !declared[code] {
			t.Errorf("%s stands in the table and is not declared", code)
		}
	}
}

func TestWeChatsRefusalsBecomeCodes(t *testing.T) {
	for _, c := range []struct {
		kind    wxapi.Kind
		errcode int
		want    Code
		retry   bool
	}{
		{wxapi.KindInvalidCode, 40029, CodeInvalidCode, false},
		{wxapi.KindCodeUsed, 40163, CodeCodeUsed, false},
		{wxapi.KindBlocked, 40226, CodeUserBlocked, false},
		{wxapi.KindRateLimited, 45011, CodeRateLimited, true},
		{wxapi.KindRateLimited, 45009, CodeRateLimited, true},
		{wxapi.KindUnavailable, -1, CodeWeChatUnavailable, true},
		{wxapi.KindMisconfigured, 40125, CodeMisconfigured, false},
		{wxapi.KindInvalidSignature, 87009, CodeSessionKeyExpired, false},
		{wxapi.KindBadToken, 40001, CodeWeChatUnavailable, true},
	} {
		e := upstreamError(fmt.Errorf("outer: %w", &wxapi.Error{Kind: c.kind, ErrCode: c.errcode, RID: "rid-1"}))
		if e.Code != c.want || e.ErrCode != c.errcode || e.RID != "rid-1" || (e.RetryAfter > 0) != c.retry || e.Message == "" {
			t.Errorf("%d: got %+v", c.errcode, e)
		}
	}
	if e := upstreamError(io.ErrUnexpectedEOF); e.Code != CodeWeChatUnavailable || !errors.Is(e, io.ErrUnexpectedEOF) {
		t.Errorf("another error of a source: %v", e)
	}
	own := &Error{Code: CodeUserBlocked}
	if upstreamError(fmt.Errorf("x: %w", own)) != own {
		t.Error("an *Error of a source must pass as it is")
	}
}

func TestOutagesAreNeverALogout(t *testing.T) {
	for _, cause := range []error{io.EOF, context.Canceled, context.DeadlineExceeded, record.ErrVersion, record.ErrNoKey} {
		e := errStore(cause)
		if e.Code.Status() != 503 || e.RetryAfter <= 0 || !errors.Is(e, cause) {
			t.Errorf("%v: got %v with status %d", cause, e, e.Code.Status())
		}
	}
	if asError(io.EOF).Code != CodeStoreUnavailable {
		t.Error("an error without a code must count as an outage")
	}
}

func TestTheReplyOfAMisconfigurationTellsNothing(t *testing.T) {
	m := &Manager{log: newLogger(slog.New(slog.DiscardHandler))}
	h := mapHeader{}
	e := &Error{Code: CodeMisconfigured, Message: "m", ErrCode: 40125, RID: "rid-1"}
	if body := string(m.Refuse(t.Context(), Request{Header: h}, e).Body); body != `{"error":"misconfigured","message":"m"}` {
		t.Errorf("got %s", body)
	}
	e.Code = CodeInvalidCode
	if body := string(m.Refuse(t.Context(), Request{Header: h}, e).Body); body != `{"error":"invalid_code","message":"m","errcode":40125,"rid":"rid-1"}` {
		t.Errorf("got %s", body)
	}
	if !strings.Contains(e.Error(), "40125") || !strings.Contains(e.Error(), "rid-1") {
		t.Errorf("the log gets %v", e)
	}
}

func TestRefusalsCarryTheHeadersThatHelp(t *testing.T) {
	m := &Manager{log: newLogger(slog.New(slog.DiscardHandler))}
	for code, status := range statuses {
		for _, given := range []mapHeader{{}, {"Authorization": "Bearer x"}} {
			r := m.Refuse(t.Context(), Request{Header: given}, &Error{Code: code, RetryAfter: 1500e6})
			got := map[string]string{}
			for _, f := range r.Header {
				got[f.Name] = f.Value
			}
			challenge := ""
			if status == 401 {
				challenge = "Bearer"
				if len(given) > 0 {
					challenge = `Bearer error="invalid_token"`
				}
			}
			if r.Status != status || got["WWW-Authenticate"] != challenge || got["Retry-After"] != "2" || got["Cache-Control"] != "no-store" {
				t.Errorf("%s: status %d, headers %v", code, r.Status, got)
			}
			var body map[string]any
			if json.Unmarshal(r.Body, &body) != nil || body["error"] != string(code) || r.Err.Code != code {
				t.Errorf("%s: body %s", code, r.Body)
			}
		}
	}
}

type mapHeader map[string]string

func (h mapHeader) Get(name string) string { return h[name] }
