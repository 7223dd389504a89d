package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/rueidis"
)

// The least that a library could do which keeps the promises of this one. What
// these take is for information: it shows how much of a row is somebody's to
// save.

// leastSession is a session of the size of ours in the request's context.
type leastSession struct {
	context.Context
	openID, uid string
	rest        [240]byte // 288 bytes in all, as core's
}

type leastKey struct{}

func (s *leastSession) Value(key any) any {
	if key == (leastKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// least finds the session of a token.
type least func(ctx context.Context, token string) (*leastSession, error)

// leastStore does what the floor does, and returns a session. It looks into a
// map that nobody may write to, and checks no shape.
func leastStore(tokens []string) least {
	sessions, ends := map[[sha256.Size]byte]*leastSession{}, time.Now().Add(lifetime).UnixMilli()
	for i, t := range tokens {
		sessions[sha256.Sum256([]byte(t))] = &leastSession{openID: openID(i), uid: attributes["uid"]}
	}
	return func(ctx context.Context, token string) (*leastSession, error) {
		found := sessions[sha256.Sum256([]byte(token))]
		if found == nil || time.Now().UnixMilli() > ends {
			return nil, errSession
		}
		return &leastSession{Context: ctx, openID: found.openID, uid: found.uid}, nil
	}
}

// leastRedis is a GET that can be given up at a deadline, with the token's hash
// for a key, and room for what comes back, which nobody reads.
func leastRedis(client rueidis.Client) least {
	someone := openID(0)
	return func(ctx context.Context, token string) (*leastSession, error) {
		s := &leastSession{Context: &giveUp{ctx, time.Now().Add(time.Second)}, openID: someone, uid: attributes["uid"]}
		sum := sha256.Sum256([]byte(token))
		key := base64.RawURLEncoding.AppendEncode(append(make([]byte, 0, 48), "wx:s:"...), sum[:nameLen])
		v, err := client.Do(s, client.B().Get().Key(rueidis.BinaryString(key)).Build()).AsBytes()
		if copy(s.rest[:], v) == 0 && err == nil {
			err = errSession
		}
		return s, err
	}
}

// request hands on a request with the session in its context.
func (find least) request(r *http.Request) (*http.Request, error) {
	found, err := find(r.Context(), r.Header["Authorization"][0][len("Bearer "):])
	if err != nil {
		return nil, err
	}
	return r.WithContext(found), nil
}

func (find least) side(ctx context.Context, tokens []string) side {
	return shared(func(i int) error {
		found, err := find(ctx, tokens[i%len(tokens)])
		if err == nil && !named(found.openID) {
			err = errSession
		}
		return err
	})
}

func leastOf(r *http.Request) *leastSession {
	return r.Context().Value(leastKey{}).(*leastSession)
}

func leastOnHTTP(tokens []string) pair {
	find := leastStore(tokens)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /plain", plainHTTP)
	next := func(w http.ResponseWriter, r *http.Request) {
		s := leastOf(r)
		w.WriteHeader(statusOf(s.openID, s.uid))
	}
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		r, err := find.request(r)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	})
	return pairOf(mux, "Authorization", bearer(tokens))
}

func leastOnGin(tokens []string, find least) pair {
	r := newGin()
	r.GET("/me", func(c *gin.Context) {
		req, err := find.request(c.Request)
		if err != nil {
			c.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		c.Request = req
	}, func(c *gin.Context) {
		s := leastOf(c.Request)
		ginReply(c, s.openID, s.uid)
	})
	return pairOf(r, "Authorization", bearer(tokens))
}

// giveUp is a deadline that costs neither a timer nor a channel.
type giveUp struct {
	context.Context
	at time.Time
}

// never is never closed; whoever waits for it must look at two channels.
var never = make(chan struct{})

func (g *giveUp) Deadline() (time.Time, bool) { return g.at, true }
func (g *giveUp) Done() <-chan struct{}       { return never }
