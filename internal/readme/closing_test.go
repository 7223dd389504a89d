package readme

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/ginwx"
	"github.com/wxsession/wxsession/stores/memory"
)

// What stands in front of the test stands in a paper; TestGoBlocksRun compares it.

// serveUntil ends after ctx, which is that of signal.NotifyContext(…, syscall.SIGTERM).
// notice is longer than the balancer takes to notice: period × failures, 10 s say.
func serveUntil(ctx context.Context, srv *http.Server, r *gin.Engine, wx *core.Manager, store io.Closer, notice time.Duration) error {
	var draining atomic.Bool
	r.GET("/healthz", func(c *gin.Context) {
		if draining.Load() {
			c.String(http.StatusServiceUnavailable, "draining\n")
			return
		}
		if err := wx.Ping(c.Request.Context()); err != nil {
			ginwx.Refuse(c, wx, err) // 503: take no traffic, do not restart
			return
		}
		c.String(http.StatusOK, "ok\n")
	})
	srv.Handler = r
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		draining.Store(true)
		time.Sleep(notice)
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		ended <- srv.Shutdown(grace) // requests under way may end
	}()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return errors.Join(<-ended, store.Close())
}

func TestReadinessAndClosing(t *testing.T) {
	wx, _, _ := newManager(t, nil)
	store, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	srv, ended, ending := &http.Server{Addr: freeAddr(t)}, make(chan error, 1), make(chan struct{})
	srv.RegisterOnShutdown(func() { close(ending) })
	r, underWay := gin.New(), make(chan error, 1)
	r.GET("/slow", func(c *gin.Context) {
		c.Status(http.StatusOK)
		c.Writer.Flush() // the client knows that it is under way
		<-ending
		underWay <- store.Ping(c.Request.Context())
	})
	go func() { ended <- serveUntil(ctx, srv, r, wx, store, 500*time.Millisecond) }()
	waitForReply(t, "http://"+srv.Addr+"/healthz", "ok")
	slow, err := http.Get("http://" + srv.Addr + "/slow")
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Body.Close()
	stop()
	waitForReply(t, "http://"+srv.Addr+"/healthz", "draining")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := <-underWay; err != nil {
		t.Errorf("a request under way met a store that was closed: %v", err)
	}
	if err := store.Ping(t.Context()); err == nil {
		t.Error("the store is not closed")
	}
}

// waitForReply asks until that is the reply. Draining answers 503.
func waitForReply(t *testing.T, url, want string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		resp, err := http.Get(url)
		if err == nil {
			if status, body := reply(t, resp, nil); body == want && (status == 200) == (want == "ok") {
				return
			}
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%s never says %s (%v)", url, want, err)
		}
	}
}
