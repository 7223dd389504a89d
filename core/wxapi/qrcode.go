package wxapi

import (
	"bytes"
	"context"
	"errors"
	"image/color"
	"mime"
	"net/http"
)

// maxImage bounds an image, in bytes. WeChat's have some hundred KiB.
const maxImage = 2 << 20

// QRCode says what a mini program code opens. Only Scene is required. WeChat
// judges all fields.
type QRCode struct {
	// Scene is what the page gets as query.scene: at most 32 letters, digits and
	// !#$&'()*+,/:;=?@-._~. Whoever sees the code can read it.
	Scene string
	// Page is the page's path without a leading "/" and without a query; empty
	// means the home page.
	Page string
	// SkipPageCheck permits a Page that is not in the published version yet.
	SkipPageCheck bool
	// EnvVersion is "release", "trial" or "develop"; empty means "release".
	EnvVersion string
	// Width of the image in pixels, 280 to 1280; 0 means 430.
	Width int

	AutoColor   bool        // WeChat chooses the colour of the lines
	LineColor   *color.RGBA // of the lines, without AutoColor; nil means black
	Transparent bool        // no background
}

// Image is an image as WeChat made it.
type Image struct {
	Data        []byte
	ContentType string // of an image that browsers show and do not execute
}

type lineColor struct {
	R uint8 `json:"r"`
	G uint8 `json:"g"`
	B uint8 `json:"b"`
}

// qrCodeBody leaves out what is not set: WeChat refuses empty values.
type qrCodeBody struct {
	Scene      string     `json:"scene"`
	Page       string     `json:"page,omitempty"`
	CheckPath  *bool      `json:"check_path,omitempty"`
	EnvVersion string     `json:"env_version,omitempty"`
	Width      int        `json:"width,omitempty"`
	AutoColor  bool       `json:"auto_color,omitempty"`
	LineColor  *lineColor `json:"line_color,omitempty"`
	IsHyaline  bool       `json:"is_hyaline,omitempty"`
}

func (q QRCode) body() qrCodeBody {
	b := qrCodeBody{
		Scene: q.Scene, Page: q.Page, EnvVersion: q.EnvVersion, Width: q.Width,
		AutoColor: q.AutoColor, IsHyaline: q.Transparent,
	}
	if q.SkipPageCheck {
		b.CheckPath = new(bool)
	}
	if c := q.LineColor; c != nil {
		b.LineColor = &lineColor{c.R, c.G, c.B}
	}
	return b
}

// UnlimitedQRCode returns the image of a mini program code
// (/wxa/getwxacodeunlimit, getUnlimitedQRCode). Codes are permanent, and there
// may be any number of them; WeChat makes 5,000 a minute (45009). A Page that
// the published version does not have is KindMisconfigured (41030), a Scene
// that cannot be KindRejected (40169).
func (c *Client) UnlimitedQRCode(ctx context.Context, code QRCode) (Image, error) {
	rq := &request{op: "getUnlimitedQRCode", path: "/wxa/getwxacodeunlimit", max: maxImage}
	rq.body = encode(code.body())
	return authorized(ctx, c, rq, nil, decodeImage)
}

var errNoImage = errors.New("the reply is neither an image nor an error")

// decodeImage tells an error from an image by the bytes. The Content-Type is
// passed on only where it names an image: it may end up in a browser.
func decodeImage(rq *request, a *answer) (Image, *Error) {
	body := a.body.Bytes()
	if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		_, err := decode[noReply](rq, a)
		return Image{}, err
	}
	kind := http.DetectContentType(body)
	if !isImage(kind) {
		return Image{}, rq.fail(KindUnavailable, errNoImage)
	}
	if given, _, err := mime.ParseMediaType(a.contentType); err == nil && isImage(given) {
		kind = given
	}
	return Image{bytes.Clone(body), kind}, nil
}

// isImage leaves out SVG, which may hold scripts.
func isImage(mediaType string) bool {
	switch mediaType {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		return true
	}
	return false
}

// noReply is JSON where only an error may come.
type noReply struct{ outcome }

func (noReply) complete() bool { return false }
