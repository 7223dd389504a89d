package storetest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
)

func brokenValues() []brokenStore {
	return []brokenStore{
		{"a miss is nil", []string{"MissingIsNotAnError", "SwapAfterDeleteConflicts", "ExpiredIsMissing"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) {
				v, err := r.Get(ctx, key)
				if errors.Is(err, core.ErrNotFound) {
					return nil, nil
				}
				return v, err
			})},
		{"ends values at NUL", []string{"RoundTrip"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				new, _, _ = bytes.Cut(new, []byte{0})
				return r.Swap(ctx, key, old, new, ttl)
			})},
		{"an empty value is nil", []string{"RoundTrip"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) { return r.AppendGet(ctx, nil, key) })},
		{"folds the case of keys", []string{"KeyAlphabet"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				return r.Swap(ctx, strings.ToLower(key), old, new, ttl)
			})},
		{"keeps the caller's slice", []string{"ValuesAreCopied"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				err := r.Swap(ctx, key, old, new, ttl)
				if err == nil {
					r.put(key, new, ttl)
				}
				return err
			})},
		{"scribbles on old", []string{"ValuesAreCopied"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				defer scribble(old)
				return r.Swap(ctx, key, old, new, ttl)
			})},
		{"hands out its buffer", []string{"ValuesStayUnderTheReader"}, handsOutItsBuffer},
		{"AppendGet drops dst", []string{"AppendGetAgreesWithGet"},
			func(r *reference) core.Store { return &dropsDst{r} }},
		{"truncates large values", []string{"OversizedValue"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				return r.Swap(ctx, key, old, new[:min(len(new), referenceMaxValue)], ttl)
			})},
		{"cuts prefixes short", []string{"PrefixesDoNotCollide"},
			func(r *reference) core.Store {
				r.prefix = r.prefix[:12]
				return r
			}},
	}
}

// handsOutItsBuffer writes into the buffer that readers hold.
func handsOutItsBuffer(r *reference) core.Store {
	var buf []byte
	return &broken{reference: r,
		get: func(r *reference, ctx context.Context, key string) ([]byte, error) { return buf, nil },
		swap: func(r *reference, _ context.Context, _ string, _, new []byte, _ time.Duration) error {
			buf = append(buf[:0], new...)
			return nil
		}}
}

type dropsDst struct{ *reference }

func (d *dropsDst) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	return d.reference.AppendGet(ctx, dst[:0], key)
}
