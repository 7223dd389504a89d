package wxapi

import (
	"context"
	"time"
)

// SetPause replaces the wait before a retry.
func (c *Config) SetPause(f func(context.Context, time.Duration) error) { c.pause = f }
