package main

import (
	"context"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

// scsManager is scs as its documentation sets it up, with the idle expiry that
// our sessions have.
func scsManager(store scs.Store) *scs.SessionManager {
	m := scs.New()
	m.Store, m.IdleTimeout, m.Lifetime = store, idleTimeout, lifetime
	return m
}

// scsLogin stores n sessions and returns their tokens.
func scsLogin(ctx context.Context, m *scs.SessionManager, n int) ([]string, error) {
	tokens := make([]string, n)
	for i := range tokens {
		ctx, err := m.Load(ctx, "")
		if err != nil {
			return nil, err
		}
		for name, value := range payload(i) {
			m.Put(ctx, name, value)
		}
		if tokens[i], _, err = m.Commit(ctx); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

func onSCS(m *scs.SessionManager, tokens []string) pair {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /plain", plainHTTP)
	mux.Handle("GET /me", m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(statusOf(m.GetString(r.Context(), "openid"), m.GetString(r.Context(), "uid")))
	})))
	cookies := make([]string, len(tokens))
	for i, t := range tokens {
		cookies[i] = m.Cookie.Name + "=" + t
	}
	return pairOf(mux, "Cookie", cookies)
}

// scsRecords stores n sessions without keeping their tokens.
func scsRecords(m *scs.SessionManager, n int) error {
	values := map[string]any{}
	for i := range n {
		for name, value := range payload(i) {
			values[name] = value
		}
		data, err := m.Codec.Encode(time.Now().Add(lifetime), values)
		if err != nil {
			return err
		}
		if err := m.Store.Commit(sessionKey(i)[2:], data, time.Now().Add(idleTimeout)); err != nil {
			return err
		}
	}
	return nil
}
