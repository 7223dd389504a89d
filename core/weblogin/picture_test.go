package weblogin

import (
	"bytes"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// FuzzPicture: what is read is written as it is read.
func FuzzPicture(f *testing.F) {
	needCorpus(f, "FuzzPicture", 5)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePicture(b)
		if err != nil {
			return
		}
		if !bytes.Equal(p.encode(), b) {
			t.Errorf("%x becomes %x", b, p.encode())
		}
		if p.drawn() && (p.until != 0 || p.mark != "") {
			t.Errorf("it is both an image and a lease: %x", b)
		}
	})
}

func TestALeaseHoldsForItsTimeOnly(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	image := picture{image: wxapi.Image{Data: []byte("x"), ContentType: "image/png"}, until: now.Add(leaseTime).UnixMilli()}
	for _, c := range []struct {
		p    picture
		want bool
	}{
		{picture{until: now.Add(leaseTime).UnixMilli()}, true},
		{picture{until: now.UnixMilli() + 1}, true},
		{picture{until: now.UnixMilli()}, false},
		{picture{}, false},
		{picture{until: now.Add(leaseTime).UnixMilli() + 1}, true}, // of a clock that is a bit ahead
		{picture{until: now.Add(leaseTime+leaseSkew).UnixMilli() + 1}, false},
		{image, false},
	} {
		if got := c.p.leased(now); got != c.want {
			t.Errorf("%d ms before its end: %v", c.p.until-now.UnixMilli(), got)
		}
	}
}
