package wxtoken

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/wxsession/wxsession/core"
)

type claimsKey struct{}

// FromContext returns the claims that Require put into ctx, and nil where it
// did not.
func FromContext(ctx context.Context) *Claims {
	c, _ := ctx.Value(claimsKey{}).(*Claims)
	return c
}

// Require is a middleware for services built on net/http: it lets requests with
// "Authorization: Bearer <token>" through to next, with the claims in their
// context. Others get 401 invalid_token; 503 keys_unavailable where nobody can
// say.
func (v *Verifier) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, given := bearer(r)
		if !given {
			refuse(w, "Bearer", core.NewError(http.StatusUnauthorized, "invalid_token", "send a signed token as \"Authorization: Bearer <token>\""))
			return
		}
		claims, err := v.Verify(r.Context(), token)
		switch {
		case err == nil:
			serve(next, w, r, r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims)))
		case errors.Is(err, ErrUnavailable):
			w.Header().Set("Retry-After", "2")
			refuse(w, "", core.NewError(http.StatusServiceUnavailable, "keys_unavailable", "the token cannot be checked now, try again"))
		default:
			refuse(w, `Bearer error="invalid_token"`, core.NewError(http.StatusUnauthorized, "invalid_token", "the token is not valid here or has expired, ask for another one"))
		}
	})
}

// serve has next answer known, a copy of r, and hands the form back that a handler
// has parsed: net/http removes the files of uploads by that of its own request.
func serve(next http.Handler, w http.ResponseWriter, r, known *http.Request) {
	defer func() { // of a handler that panics too, if somebody further up recovers
		if r.MultipartForm == nil && known.MultipartForm != nil {
			r.MultipartForm = known.MultipartForm
		}
	}()
	next.ServeHTTP(w, known)
}

func bearer(r *http.Request) (token string, given bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}

func refuse(w http.ResponseWriter, challenge string, e *core.Error) {
	body := core.NewReply(e).Body
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json; charset=utf-8")
	if challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	w.WriteHeader(e.Status())
	_, _ = w.Write(body) // fails when the client has gone
}
