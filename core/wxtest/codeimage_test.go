package wxtest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/boombuler/barcode/qr"
)

var black = color.NRGBA{A: 0xff}

func TestDrawIsAQRCode(t *testing.T) {
	for _, text := range []string{
		"?scene=a", "pages/scan/scan?scene=AAAAAAAAAAAAAAAAAAAAAA",
		Launch{"pages/" + string(bytes.Repeat([]byte("p"), maxPage-6)), "!#$&'()*+,/:;=?@-._~!#$&'()*+,/:"}.String(),
	} {
		code, err := qr.Encode(text, qr.M, qr.Auto)
		if err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{minWidth, defaultWidth, 431, maxWidth} {
			img := decoded(t, text, look{width: width, ink: black})
			if img.Bounds() != image.Rect(0, 0, width, width) {
				t.Fatalf("%v", img.Bounds())
			}
			wantModules(t, img, code)
		}
	}
}

func decoded(t *testing.T, text string, l look) image.Image {
	t.Helper()
	b, err := draw(text, l)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// wantModules looks at the middle of every module, and at the margin.
func wantModules(t *testing.T, img, code image.Image) {
	t.Helper()
	n, width := code.Bounds().Dx(), img.Bounds().Dx()
	scale := width / (n + 8)
	margin := (width - n*scale) / 2
	if scale < 3 || margin < 4*scale {
		t.Errorf("%d modules of %d pixels, a margin of %d", n, scale, margin)
	}
	isDark := func(img image.Image, x, y int) bool {
		r, _, _, _ := img.At(x, y).RGBA()
		return r < 0x8000
	}
	for y := -4; y < n+4; y++ {
		for x := -4; x < n+4; x++ {
			want := x >= 0 && y >= 0 && x < n && y < n && isDark(code, x, y)
			if isDark(img, margin+x*scale+scale/2, margin+y*scale+scale/2) != want {
				t.Fatalf("module %d, %d of %d is dark: %v", x, y, n, !want)
			}
		}
	}
}

func TestDrawLooks(t *testing.T) {
	ink := color.NRGBA{1, 2, 3, 0xff}
	for _, transparent := range []bool{false, true} {
		img := decoded(t, "x", look{width: 300, ink: ink, transparent: transparent})
		_, _, _, alpha := img.At(0, 0).RGBA()
		if (alpha == 0) != transparent {
			t.Errorf("transparent %v: alpha %x", transparent, alpha)
		}
		inked := false
		for x := range 300 {
			inked = inked || color.NRGBAModel.Convert(img.At(x, x)) == ink
		}
		if !inked {
			t.Error("the ink has another colour")
		}
	}
}

// FuzzScan wants what was drawn, and no panic for anything else.
func FuzzScan(f *testing.F) {
	for _, l := range []Launch{{"", "a"}, {"pages/scan/scan", "!#$&'()*+,/:;=?@-._~"}} {
		img, err := draw(l.String(), look{width: minWidth, ink: black})
		if err != nil {
			f.Fatal(err)
		}
		if got, err := Scan(img); err != nil || got != l {
			f.Fatalf("the corpus has lost its codes: %+v, %v", got, err)
		}
		f.Add(img, l.Page, l.Scene)
		f.Add(img[:60], l.Page, l.Scene)
		f.Add(img[:pngHeader+20], l.Page, l.Scene)
	}
	f.Add([]byte(pngSignature+"\xff\xff\xff\xff"+"tEXt"+"0000"), "", "")
	blank := image.NewGray(image.Rect(0, 0, 1, 1))
	var buf bytes.Buffer
	if err := png.Encode(&buf, blank); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, img []byte, page, scene string) {
		if l, err := Scan(img); err != nil && l != (Launch{}) {
			t.Errorf("%+v, %v", l, err)
		}
		if bytes.ContainsAny([]byte(page), "?") {
			return
		}
		want := Launch{page, scene}
		marked := addText(buf.Bytes(), want.String())
		if got, err := Scan(marked); err != nil || got != want {
			t.Errorf("got %+v, want %+v, %v", got, want, err)
		}
		if _, err := png.Decode(bytes.NewReader(marked)); err != nil {
			t.Errorf("no PNG any more: %v", err)
		}
		marked[len(marked)/2] ^= 1
		if got, err := Scan(marked); err == nil && got != want {
			t.Errorf("a damaged image gives %+v", got)
		}
	})
}
