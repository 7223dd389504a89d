package wxapi

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// onceBody is the body of a request that must not arrive twice, because WeChat
// uses something up with it.
//
// net/http sends a request again when the idle connection that it took turns out
// to be dead, on one idle connection after the other. For a GET without a body
// it does so even if the request may have arrived. For a request with a body it
// asks GetBody for a new one, and gives up if that fails. By then it is known
// what happened: net/http begins to read a body when it has sent the header, so
// a request whose body it has not read has not been sent as a whole.
type onceBody struct {
	rest     []byte
	read     atomic.Bool
	encoding [1]string
}

var errMaybeSent = errors.New("the connection broke when the request may have arrived; it was not sent again")

// sendOnce gives req its body, which may be empty. An empty one changes nothing
// on the wire: "identity" keeps net/http from probing it and from chunks.
func sendOnce(req *http.Request, body []byte) {
	b := &onceBody{rest: body, encoding: [1]string{"identity"}}
	req.Body, req.GetBody = b, b.again
	req.ContentLength = int64(len(body))
	if len(body) == 0 {
		req.TransferEncoding = b.encoding[:]
	}
}

func (b *onceBody) Read(p []byte) (int, error) {
	b.read.Store(true)
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// WriteTo spares net/http a buffer of 32 KiB for the copy.
func (b *onceBody) WriteTo(w io.Writer) (int64, error) {
	b.read.Store(true)
	n, err := w.Write(b.rest)
	b.rest = b.rest[n:]
	return int64(n), err
}

func (b *onceBody) Close() error { return nil }

func (b *onceBody) again() (io.ReadCloser, error) {
	if b.read.Load() {
		return nil, errMaybeSent
	}
	return b, nil
}
