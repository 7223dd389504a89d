package wxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// reply is an answer in the making. WeChat has two families of servers, whose
// formats differ: /sns and the gateway (everything else).
type reply struct {
	sns     bool // text/plain, "/" escaped, tail ", rid: R"
	hinted  bool // tail " hint: [H] rid: R"
	fault   Fault
	now     time.Time
	errcode int
	value   any

	image       []byte // a success that is no JSON
	contentType string // of the image
}

// refusal is the body of an error.
type refusal struct {
	ErrCode int    `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
}

// ok is what the gateway's successes begin with.
var ok = refusal{0, "ok"}

func (rp *reply) succeed(v any) { rp.value = v }

func (rp *reply) show(image []byte, contentType string) {
	rp.image, rp.contentType = image, contentType
}

func (rp *reply) refuse(errcode int) { rp.refuseAs(errcode, textOf(errcode)) }

func (rp *reply) refuseAs(errcode int, text string) {
	rp.errcode = errcode
	rp.value = refusal{errcode, text + rp.tail()}
}

// tail is the end of an errmsg, which names the request.
func (rp *reply) tail() string {
	rid := fmt.Sprintf("%08x-%08x-%08x", rp.now.Unix(), rand.Uint32(), rand.Uint32())
	switch {
	case rp.sns && rp.errcode != errDayQuota: // which has the gateway's tail there too
		return ", rid: " + rid
	case rp.hinted:
		return " hint: [" + text(7, alphanumeric) + "-" + text(8, alphanumeric) + "] rid: " + rid
	}
	return " rid: " + rid
}

func (rp *reply) write(w http.ResponseWriter) {
	f := rp.fault
	body := rp.image
	if body == nil {
		body = rp.json()
	}
	body = f.distort(body)
	contentType := "application/json; encoding=utf-8" // sic
	switch {
	case f.ContentType != "":
		contentType = f.ContentType
	case f.Status != 0:
		contentType = "text/html"
	case rp.image != nil:
		contentType = rp.contentType
	case rp.sns:
		contentType = "text/plain"
	}
	w.Header().Set("Content-Type", contentType)
	if f.Status != 0 {
		w.WriteHeader(f.Status)
	}
	w.Write(body)
}

// json is compact, and on /sns it escapes "/".
func (rp *reply) json() []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(rp.value); err != nil {
		return []byte(err.Error())
	}
	body := strings.TrimSuffix(buf.String(), "\n")
	if rp.sns {
		body = strings.ReplaceAll(body, "/", `\/`)
	}
	return []byte(body)
}
