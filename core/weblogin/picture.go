package weblogin

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// picture is the image of an attempt's code, as it is stored for all processes;
// or the lease of the one that is asking WeChat for it.
//
// In bytes: 'L', the time at which the lease ends (Unix milliseconds, 8 bytes),
// and its mark; or 'I', the length of the media type (1 byte), the media type,
// and the image.
type picture struct {
	image wxapi.Image
	until int64  // of a lease
	mark  string // tells one lease from another
}

const (
	leaseKind = 'L'
	imageKind = 'I'

	maxMediaType = 64
)

var errPicture = errors.New("the stored image is malformed")

func (p picture) drawn() bool { return len(p.image.Data) > 0 }

// leased reports whether somebody is asking WeChat. A lease that ends later than
// one can was written by a clock that is ahead, and is none.
func (p picture) leased(now time.Time) bool {
	at := now.UnixMilli()
	return !p.drawn() && at < p.until && p.until <= at+(leaseTime+leaseSkew).Milliseconds()
}

func (p picture) encode() []byte {
	if p.drawn() {
		b := append([]byte{imageKind, byte(len(p.image.ContentType))}, p.image.ContentType...)
		return append(b, p.image.Data...)
	}
	return append(binary.BigEndian.AppendUint64([]byte{leaseKind}, uint64(p.until)), p.mark...)
}

func decodePicture(b []byte) (picture, error) {
	switch {
	case len(b) >= 9 && b[0] == leaseKind:
		return picture{until: int64(binary.BigEndian.Uint64(b[1:])), mark: string(b[9:])}, nil
	case len(b) >= 2 && b[0] == imageKind && b[1] <= maxMediaType && len(b) > 2+int(b[1]):
		split := 2 + int(b[1])
		return picture{image: wxapi.Image{ContentType: string(b[2:split]), Data: b[split:]}}, nil
	}
	return picture{}, errPicture
}
