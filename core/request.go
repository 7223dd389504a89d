package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxBody bounds the body of a request to a route.
const maxBody = 64 << 10

// Header looks up a request header by name, whatever its case; "" if there is
// none. http.Header is one.
type Header interface {
	Get(name string) string
}

// Request is a request as an adapter hands it over. A middleware fills in
// Method, Host and Header; a route all of it. It prints, logs and marshals as
// method and path only.
type Request struct {
	Method  string
	Host    string // as the client sent it
	Path    string // as the client wrote it, unescaped, with the group's part
	Query   string // raw, without the question mark
	ID      string // what stands for {id} in Route.Path, unescaped
	Address string // of the client, as the framework's rules about proxies and Config.TrustedProxies give it
	Header  Header
	Body    io.Reader // read through a limit; nil: empty
}

// Decode reads a JSON body of up to 64 KiB into v, whatever its Content-Type
// says. Its errors are a client's, and repeat nothing of the body.
func (r Request) Decode(v any) error {
	data, err := r.read()
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return errBadRequest("the body is empty, send JSON")
	}
	return decodeJSON(data, v)
}

// DecodeOptional is Decode where a body may be left out: v stays as it is then.
func (r Request) DecodeOptional(v any) error {
	data, err := r.read()
	if err != nil || len(bytes.TrimSpace(data)) == 0 {
		return err
	}
	return decodeJSON(data, v)
}

func (r Request) read() ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case len(data) > maxBody:
		return nil, &Error{Code: CodeRequestTooLarge, Message: "the body is over 64 KiB"}
	case err != nil:
		return nil, errBadRequest("the body could not be read to its end")
	}
	return data, nil
}

func decodeJSON(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return errBadRequest("the JSON member " + e.Field + " has the wrong type")
	}
	return errBadRequest("the body is not a JSON object")
}

// flag reports whether the query sets name to 1.
func (r Request) flag(name string) (bool, error) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return false, errBadRequest("the query is malformed")
	}
	return query.Get(name) == "1", nil
}

// header is r.Header.Get for a canonical name: http.Header would canonicalize it
// again.
func (r *Request) header(name string) string {
	std, ok := r.Header.(http.Header)
	if !ok {
		if r.Header == nil {
			return ""
		}
		return r.Header.Get(name)
	}
	if values := std[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// WithoutCookie returns the request as one that has no cookies: for routes whose
// session must come by a header.
func (r Request) WithoutCookie() Request {
	if r.Header != nil {
		r.Header = cookieless{r.Header}
	}
	return r
}

type cookieless struct{ Header }

func (h cookieless) Get(name string) string {
	if strings.EqualFold(name, "Cookie") {
		return ""
	}
	return h.Header.Get(name)
}
