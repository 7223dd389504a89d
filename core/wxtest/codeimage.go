package wxtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// Launch is what a scanned code opens the mini program with.
type Launch struct {
	Page  string // empty: the home page
	Scene string // as in decodeURIComponent(query.scene) of the page's onLoad
}

// String returns the path that WeChat opens, such as "pages/scan/scan?scene=x".
func (l Launch) String() string {
	return l.Page + "?" + url.Values{"scene": {l.Scene}}.Encode()
}

// Scan is a user who scans a code that a Server made (getwxacodeunlimit): it
// takes the image byte for byte, as the browser got it. Tests in other languages
// scan with any QR code reader: the text is the path of Launch.String.
func Scan(img []byte) (Launch, error) {
	text, ok := readText(img)
	if !ok {
		return Launch{}, errors.New("wxtest: no code of a wxtest.Server, or one whose image was changed on the way")
	}
	page, query, _ := strings.Cut(text, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return Launch{}, errors.New("wxtest: the text in the code's image is not the path of a page")
	}
	return Launch{Page: page, Scene: q.Get("scene")}, nil
}

// look is what a code's picture looks like.
type look struct {
	width       int // pixels; the height is the same
	ink         color.NRGBA
	transparent bool
}

// quiet is the margin of a QR code, in modules.
const quiet = 4

// draw returns a PNG with the text as a QR code. It also stands in a chunk of
// its own, where Scan finds it without a QR code reader.
func draw(text string, l look) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, err
	}
	paper := color.NRGBA{0xff, 0xff, 0xff, 0xff}
	if l.transparent {
		paper.A = 0
	}
	img := image.NewPaletted(image.Rect(0, 0, l.width, l.width), color.Palette{paper, l.ink})
	modules := code.Bounds().Dx()
	scale := l.width / (modules + 2*quiet)
	margin := (l.width - modules*scale) / 2
	for y := range modules * scale {
		for x := range modules * scale {
			if code.At(x/scale, y/scale) == color.Black {
				img.SetColorIndex(margin+x, margin+y, 1)
			}
		}
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		return nil, err
	}
	return addText(buf.Bytes(), text), nil
}

// A PNG is a signature and chunks: length of the data, type, data, checksum. The
// first is IHDR, with 13 bytes of data.
const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	pngHeader    = len(pngSignature) + 12 + 13
	textKeyword  = "wxtest\x00"
)

// addText puts a chunk of text behind the header.
func addText(img []byte, text string) []byte {
	data := "tEXt" + textKeyword + text
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(data)-4))
	chunk = append(chunk, data...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE([]byte(data)))
	out := append([]byte(nil), img[:pngHeader]...)
	return append(append(out, chunk...), img[pngHeader:]...)
}

func readText(img []byte) (text string, ok bool) {
	rest, ok := bytes.CutPrefix(img, []byte(pngSignature))
	for ok && len(rest) >= 12 {
		n := uint64(binary.BigEndian.Uint32(rest))
		if n > uint64(len(rest)-12) {
			break
		}
		data, found := bytes.CutPrefix(rest[4:8+n], []byte("tEXt"+textKeyword))
		if found {
			return string(data), crc32.ChecksumIEEE(rest[4:8+n]) == binary.BigEndian.Uint32(rest[8+n:])
		}
		rest = rest[12+n:]
	}
	return "", false
}
