package core_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
)

// warner fails some times before it answers.
type warner struct {
	core.Store
	failures int
}

func (w *warner) Warnings(context.Context) ([]string, error) {
	if w.failures--; w.failures >= 0 {
		return nil, errors.New("down")
	}
	return []string{"the server evicts: set noeviction"}, nil
}

func TestAStoresWarningsAreLoggedOnce(t *testing.T) {
	for failures, want := range map[int]int{0: 1, 3: 1, 100: 0} {
		synctest.Test(t, func(t *testing.T) {
			out := new(lockedBuffer)
			w := &warner{noStore{}, failures}
			_, err := core.New(core.Config{
				AppID: "wx1", Secret: core.NewSecret("x"), Keys: []core.Secret{sealKey('a')}, Logger: slog.New(slog.NewTextHandler(out, nil)),
			}, core.WrappedStore{Store: w})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if n := strings.Count(out.b.String(), "noeviction"); n != want {
				t.Errorf("after %d failures: %d lines, want %d", failures, n, want)
			}
		})
	}
}
