package adaptertest

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"
)

func transportRows() []row {
	return []row{
		{name: "a handler streams its reply", check: (*rig).stream, needs: func(h Harness) bool { return !h.NoStreaming }},
		{name: "a handler takes over the connection", check: (*rig).hijack, needs: func(h Harness) bool { return !h.NoHijacking }},
		{name: "a client that goes away cancels the look into the store", check: (*rig).cancel, needs: func(h Harness) bool { return !h.NoCancellation }},
		{name: "a panic of a handler leaves the middleware as it is", check: (*rig).panics},
	}
}

func (r *rig) stream() {
	r.start()
	proceed := sync.OnceFunc(func() { close(r.app.proceed) })
	r.Cleanup(proceed) // before the server waits for the request to end
	token, _ := r.login("alice")
	ctx, cancel := context.WithTimeout(r.Context(), r.patience)
	defer cancel()
	res, err := r.client.Do(r.request(ctx, "GET", "/stream", "", bearer(token)...))
	if err != nil {
		r.Fatalf("GET /stream: %v", err)
	}
	defer res.Body.Close()
	body := bufio.NewReader(res.Body)
	if first, err := body.ReadString('\n'); err != nil || first != streamFirst {
		r.Fatalf("GET /stream: first %q, %v; want %q at once", first, err, streamFirst)
	}
	proceed()
	if rest, err := io.ReadAll(body); err != nil || string(rest) != streamSecond {
		r.Errorf("GET /stream: then %q, %v; want %q", rest, err, streamSecond)
	}
}

func (r *rig) hijack() {
	r.start()
	token, _ := r.login("alice")
	base, err := url.Parse(r.url)
	if err != nil {
		r.Fatal(err)
	}
	conn, err := net.Dial("tcp", base.Host)
	if err != nil {
		r.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(r.patience))
	if err := r.request(r.Context(), "GET", "/hijack", "", bearer(token)...).Write(conn); err != nil {
		r.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil || string(got) != hijackReply {
		r.Errorf("GET /hijack: %q, %v; want what the handler wrote, %q", got, err, hijackReply)
	}
}

func (r *rig) cancel() {
	r.start()
	token, _ := r.login("alice")
	for _, path := range []string{"/me", "/wx/check"} {
		r.cancelAt(path, token)
	}
}

func (r *rig) cancelAt(path, token string) {
	r.Helper()
	ctx, goAway := context.WithCancel(r.Context())
	defer goAway()
	asked, cancelled, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	r.Cleanup(func() { close(over) }) // before the server waits for the request to end
	var once sync.Once
	r.store.setOnGet(func(ctx context.Context) {
		once.Do(func() {
			close(asked)
			select {
			case <-ctx.Done():
				close(cancelled)
			case <-over:
			}
		})
	})
	go func() {
		if res, err := r.client.Do(r.request(ctx, "GET", path, "", bearer(token)...)); err == nil {
			res.Body.Close()
		}
	}()
	r.await(asked, "GET "+path+" to reach the store")
	goAway()
	r.await(cancelled, "the store's context to end with GET "+path)
}

func (r *rig) await(c <-chan struct{}, what string) {
	r.Helper()
	select {
	case <-c:
	case <-time.After(r.patience):
		r.Fatalf("waited %v for %s", r.patience, what)
	}
}

func (r *rig) panics() {
	r.start()
	token, _ := r.login("alice")
	r.fetch("/panic", bearer(token)...) // what the client sees is the framework's affair
	if got := r.app.panics(); len(got) != 1 || got[0] != errPanic {
		r.Errorf("recovered %v, want the handler's own value, once", got)
	}
}

// fetch is GET for rows that care for the body alone, or run beside others. It
// reports an error as a body that no application sends.
func (r *rig) fetch(path string, headers ...string) string {
	ctx, cancel := context.WithTimeout(r.Context(), r.patience)
	defer cancel()
	res, err := r.client.Do(r.request(ctx, "GET", path, "", headers...))
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	var body strings.Builder
	if _, err := io.Copy(&body, res.Body); err != nil {
		return err.Error()
	}
	return body.String()
}
