package wxtoken

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxKeySet    = 256 << 10       // bytes
	fetchTimeout = 5 * time.Second // from connect to the last byte

	defaultCached = 5 * time.Minute // of an answer that does not say
	minCached     = time.Minute
	maxCached     = time.Hour
)

// fetch gets the issuer's keys, and how long they may be used without asking
// again. It runs in a goroutine of its own, where a panic of the application's
// RoundTripper would end the process.
func (r *remoteKeys) fetch() (keys map[string]publicKey, cached time.Duration, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("fetching panicked with a value of type %T", p)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, 0, errors.New("the URL of the keys is none")
	}
	req.Header.Set("Accept", "application/json")
	res, err := r.client.Do(req)
	if err != nil {
		return nil, 0, withoutURL(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("the answer has status %d, not 200; redirects are not followed", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxKeySet+1))
	switch {
	case err != nil:
		return nil, 0, withoutURL(err)
	case len(body) > maxKeySet:
		return nil, 0, errors.New("the answer is over 256 KiB")
	}
	keys, err = parseKeySet(body)
	return keys, cachedFor(res.Header.Get("Cache-Control")), err
}

// withoutURL takes the URL out of an error: its query is the application's.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// cachedFor reads how long an answer may be kept, within bounds: a short time
// must not make a fetch of every request, and a long one must not keep a key in
// use that the issuer has withdrawn.
func cachedFor(cacheControl string) time.Duration {
	cached := defaultCached
	for directive := range strings.SplitSeq(strings.ToLower(cacheControl), ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(directive), "="); name {
		case "no-store", "no-cache":
			return minCached
		case "max-age":
			if n, err := strconv.ParseUint(value, 10, 31); err == nil {
				cached = time.Duration(n) * time.Second
			}
		}
	}
	return min(max(cached, minCached), maxCached)
}
