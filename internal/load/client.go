package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// client does what a mini program does.
type client struct {
	http  *http.Client
	codes string // "": each server's own
}

const maxReply = 64 << 10

func newClient(o options) *client {
	transport := &http.Transport{
		MaxIdleConnsPerHost: o.workers, // a connection for each worker, kept
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	}
	return &client{http: &http.Client{Transport: transport, Timeout: 10 * time.Second}, codes: o.codes}
}

// code is wx.login on a user's phone.
func (c *client) code(ctx context.Context, server, user string) (string, error) {
	if c.codes != "" {
		server = c.codes
	}
	var reply struct{ Code string }
	err := c.call(ctx, "GET", server+"/devtools/code?user="+url.QueryEscape(user), "", nil, &reply)
	return reply.Code, err
}

// login exchanges a code for a token.
func (c *client) login(ctx context.Context, server, code string) (token string, err error) {
	body, _ := json.Marshal(map[string]string{"code": code}) // a text
	var reply struct {
		Token string `json:"3rd_session"`
	}
	err = c.call(ctx, "POST", server+"/wx/login", "", body, &reply)
	return reply.Token, err
}

// me is an authenticated request.
func (c *client) me(ctx context.Context, server, token string) error {
	var reply struct{ OpenID string }
	err := c.call(ctx, "GET", server+"/api/me", token, nil, &reply)
	if err == nil && reply.OpenID == "" {
		return failure("no openid in the reply")
	}
	return err
}

// failure is why a request counts as failed: one of a few texts that stay the
// same, so that they can be counted.
type failure string

func (f failure) Error() string { return string(f) }

func (c *client) call(ctx context.Context, method, address, token string, body []byte, reply any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return failure("no valid URL")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return transportFailure(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return transportFailure(err)
	}
	if resp.StatusCode != http.StatusOK {
		return refusal(resp.StatusCode, text)
	}
	if json.Unmarshal(text, reply) != nil {
		return failure("reply is no JSON")
	}
	return nil
}

func transportFailure(err error) error {
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && timeout.Timeout() {
		return failure("no reply in time")
	}
	return failure("connection failed")
}

// refusal names the code of the wire protocol where the reply has one.
func refusal(status int, text []byte) error {
	var reply struct{ Error string }
	if json.Unmarshal(text, &reply) == nil && 0 < len(reply.Error) && len(reply.Error) <= 40 {
		return failure(fmt.Sprintf("%d %s", status, reply.Error))
	}
	return failure(fmt.Sprintf("status %d", status))
}
