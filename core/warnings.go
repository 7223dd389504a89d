package core

import (
	"context"
	"log/slog"
	"time"
)

// Warner is implemented by stores that can tell of settings of their server that
// undermine what a Manager promises, such as one that evicts. New has it asked
// once, in the background, and logs what it says.
type Warner interface {
	// Warnings returns a sentence each, with what to do. An error means that the
	// server could not be asked.
	Warnings(ctx context.Context) ([]string, error)
}

const (
	warningTries   = 5
	warningPause   = 10 * time.Second
	warningTimeout = 5 * time.Second
)

// warn asks the store until it answers, a few times.
func (m *Manager) warn(w Warner) {
	ctx := context.Background()
	var err error
	defer m.recoverPanic(ctx, "a store panicked", &err)
	for range warningTries {
		asking, cancel := context.WithTimeout(ctx, warningTimeout)
		var found []string
		found, err = w.Warnings(asking)
		cancel()
		if err == nil {
			for _, text := range found {
				m.log.line(ctx, slog.LevelWarn, text)
			}
			return
		}
		if m.pause(ctx, warningPause) != nil {
			return
		}
	}
}
