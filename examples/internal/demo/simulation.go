package demo

import (
	"net/http"
	"os"
	"strings"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

// simulation is what a server has where WeChat is simulated: a WeChat, the page
// at /, and what the page needs. Where there is an appid none of it exists.
type simulation struct {
	controls
	tap   tap
	about state
	host  string // the one in ADDR
}

// newSimulation starts a simulated WeChat and makes cfg use it.
func newSimulation(cfg *core.Config, prefix string) *simulation {
	s := &simulation{host: hostOf(os.Getenv("ADDR"))}
	s.tap.journal, s.tap.cookie = newJournal(), cfg.Cookie
	s.wechat, s.mood = wxtest.NewServer(wxtest.Options{Now: s.clock.now}), moodWell
	s.tap.secrets.learn(appSecret, s.wechat.Secret)
	cfg.AppID, cfg.Secret, cfg.APIBase = s.wechat.AppID, core.NewSecret(s.wechat.Secret), s.wechat.URL
	cfg.HTTPClient, cfg.Now = newWeChatClient(&s.tap), s.clock.now
	s.about = describe(cfg, prefix, s.tap.journal.boot)
	return s
}

func (s *simulation) close() {
	s.tap.journal.close()
	s.wechat.Close()
}

// serve puts the page and what belongs to it in front of h.
func (s *simulation) serve(h http.Handler) (http.Handler, error) {
	doc, err := newDocument()
	if err != nil {
		return nil, err
	}
	s.about.Routes = findRoutes(h, s.about.Prefix)
	page, tools, recorded := s.guardHost(doc), s.guardHost(s.devtools()), s.tap.record("", h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/devtools/"):
			tools.ServeHTTP(w, r)
		case r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			page.ServeHTTP(w, r)
		case r.URL.Path == "/healthz" || r.URL.Path == "/favicon.ico": // asked by machines, of no interest
			h.ServeHTTP(w, r)
		default:
			recorded.ServeHTTP(w, r)
		}
	}), nil
}
