package core

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Values returns a Store for the small records of packages that work on top of
// this one. It is the manager's own, under keys of their own, and sealed as the
// manager's records are: what does not open counts as missing. Keys are at most
// 60 bytes of letters, digits and "-_:". An error that is none of Store's is the
// store's failure, and Refuse answers it as such.
func (m *Manager) Values() Store { return valueStore{m.values} }

type valueStore struct{ values *values }

func (s valueStore) Get(ctx context.Context, key string) ([]byte, error) {
	found, err := s.values.get(ctx, record.ValuePrefix+key)
	if isUnusable(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return found.value.Body(), nil
}

// Swap compares what is inside: the same text is sealed to other bytes each time.
func (s valueStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	key = record.ValuePrefix + key
	found, err := s.values.get(ctx, key)
	absent := errors.Is(err, ErrNotFound) || isUnusable(err)
	switch {
	case err != nil && !absent:
		return err
	case absent != (old == nil), !absent && !bytes.Equal(found.value.Body(), old):
		return ErrConflict
	}
	_, err = s.values.swapOnce(ctx, key, found.raw, s.values.ring.New(new), ttl)
	return err
}

func (s valueStore) Delete(ctx context.Context, key string) error {
	return s.values.delete(ctx, record.ValuePrefix+key)
}
