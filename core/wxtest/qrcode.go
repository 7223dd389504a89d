package wxtest

import (
	"fmt"
	"image/color"
	"strconv"
	"strings"
	"time"
)

// The limits of getwxacodeunlimit.
const (
	maxScene      = 32
	maxPage       = 128 // WeChat names no figure
	minWidth      = 280
	maxWidth      = 1280
	defaultWidth  = 430
	codesAMinute  = 5000
	sceneAlphabet = alphanumeric + "!#$&'()*+,/:;=?@-._~"
)

// Publish names the pages of the mini program's published version. A code for
// another page needs check_path=false, as at WeChat. Until Publish is called,
// every page passes as published.
func (a *App) Publish(pages ...string) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	a.pages = map[string]bool{}
	for _, p := range pages {
		a.pages[p] = true
	}
}

// drawn counts the codes that were asked for in one minute.
type drawn struct {
	minute time.Time
	n      int
}

// codeRequest is the body of getwxacodeunlimit.
type codeRequest struct {
	Scene      string         `json:"scene"`
	Page       string         `json:"page"`
	CheckPath  *bool          `json:"check_path"`
	EnvVersion *string        `json:"env_version"`
	Width      *int           `json:"width"`
	LineColor  map[string]any `json:"line_color"`
	IsHyaline  bool           `json:"is_hyaline"`
}

// serveCode serves /wxa/getwxacodeunlimit. WeChat's picture is a JPEG and has a
// design of its own; here it is a PNG with a QR code, under WeChat's
// Content-Type: programs that look at images go by the bytes. Which error a
// forbidden character, a width or a version gives is not known for all; here the
// first is 40169, the others are 40097.
func (s *Server) serveCode(a *App, rq *request, rp *reply) {
	if a.overQuota(s.now()) {
		rp.refuse(errDayQuota)
		return
	}
	var in codeRequest
	if !rq.into(&in, rp) {
		return
	}
	if errcode := in.check(a); errcode != 0 {
		rp.refuse(errcode)
		return
	}
	img, err := draw(Launch{in.Page, in.Scene}.String(), in.look())
	if err != nil {
		rp.refuse(errBusy)
		return
	}
	rp.show(img, "image/jpeg")
}

// overQuota counts a request. It needs the server's lock.
func (a *App) overQuota(now time.Time) bool {
	if minute := now.Truncate(time.Minute); !minute.Equal(a.drawn.minute) {
		a.drawn = drawn{minute: minute}
	}
	a.drawn.n++
	return a.drawn.n > codesAMinute
}

// check returns 0, or the errcode. It needs the server's lock.
func (in *codeRequest) check(a *App) int {
	forbidden := func(r rune) bool { return !strings.ContainsRune(sceneAlphabet, r) }
	switch {
	case in.Scene == "" || len(in.Scene) > maxScene || strings.ContainsFunc(in.Scene, forbidden):
		return errScene
	case strings.HasPrefix(in.Page, "/") || strings.ContainsAny(in.Page, "?#% ") || len(in.Page) > maxPage:
		return errPage
	case in.Page != "" && a.pages != nil && !a.pages[in.Page] && (in.CheckPath == nil || *in.CheckPath):
		return errPage
	case in.EnvVersion != nil && *in.EnvVersion != "release" && *in.EnvVersion != "trial" && *in.EnvVersion != "develop":
		return errInvalidArgs // an empty one, too
	case in.Width != nil && (*in.Width < minWidth || *in.Width > maxWidth):
		return errInvalidArgs
	}
	return 0
}

func (in *codeRequest) look() look {
	l := look{defaultWidth, color.NRGBA{A: 0xff}, in.IsHyaline}
	if in.Width != nil {
		l.width = *in.Width
	}
	for name, channel := range map[string]*uint8{"r": &l.ink.R, "g": &l.ink.G, "b": &l.ink.B} {
		// As text in WeChat's documentation, as a number in its examples.
		if n, err := strconv.ParseUint(fmt.Sprint(in.LineColor[name]), 10, 8); err == nil {
			*channel = uint8(n)
		}
	}
	return l
}
