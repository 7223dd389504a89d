package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"time"

	"github.com/redis/rueidis"
)

// The least that a library could do which keeps the promises of this one. What
// these take is for information: it shows how much of a row is somebody's to
// save.

// leastSession is a session of the size of ours in the request's context.
type leastSession struct {
	context.Context
	openID, uid string
	rest        [272]byte // 320 bytes in all, as core's
}

type leastKey struct{}

func (s *leastSession) Value(key any) any {
	if key == (leastKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// leastOnHTTP is a middleware that does what the floor does, then hands the
// handler a session in the request's context. It checks no shape, and keeps its
// sessions in a map that nobody may write to.
func leastOnHTTP(tokens []string) pair {
	sessions := map[[sha256.Size]byte]leastSession{}
	ends := time.Now().Add(lifetime).UnixMilli()
	for i, t := range tokens {
		sessions[sha256.Sum256([]byte(t))] = leastSession{openID: openID(i), uid: attributes["uid"]}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /plain", plainHTTP)
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		s, ok := sessions[sha256.Sum256([]byte(r.Header["Authorization"][0][len("Bearer "):]))]
		if !ok || time.Now().UnixMilli() > ends {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.Context = r.Context()
		leastHandler(w, r.WithContext(&s))
	})
	return pairOf(mux, "Authorization", bearer(tokens))
}

func leastHandler(w http.ResponseWriter, r *http.Request) {
	s := r.Context().Value(leastKey{}).(*leastSession)
	w.WriteHeader(statusOf(s.openID, s.uid))
}

// leastOverRedis is a GET that can be given up at a deadline, the token's hash,
// and a place to put what comes back.
func (b *bench) leastOverRedis(client rueidis.Client, tokens, keys []string) side {
	return shared(func(i int) error {
		i %= len(tokens)
		s := &leastSession{Context: &giveUp{b.ctx, time.Now().Add(time.Second)}}
		copy(s.rest[:], keyOf(tokens[i]))
		v, err := client.Do(s, client.B().Get().Key(keys[i]).Build()).AsBytes()
		if copy(s.rest[:], v) == 0 && err == nil {
			return errors.New("a record is empty")
		}
		return err
	})
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
