package weblogin

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// webDevice is the label of a session that was handed over.
const webDevice = "web"

type ticketReply struct {
	Ticket    string `json:"ticket"`
	ExpiresIn int64  `json:"expires_in"`
	URL       string `json:"url"`
}

func (l *Login) serveTicket(ctx context.Context, req core.Request) (any, error) {
	s, err := l.user(ctx, req)
	if err != nil {
		return nil, err
	}
	var body struct {
		To *string `json:"to"`
	}
	if err := req.DecodeOptional(&body); err != nil {
		return nil, err
	}
	to := "/"
	if body.To != nil {
		to = *body.To
	}
	if err := checkTarget(to); err != nil {
		return nil, err
	}
	ticket, err := l.wx.NewTicket(ctx, s)
	if err != nil {
		return nil, err
	}
	return ticketReply{
		Ticket: ticket, ExpiresIn: int64(core.TicketLifetime.Seconds()),
		URL: l.beside(req, "/ticket", "/enter") + "?ticket=" + escaped(ticket) + "&to=" + escaped(to),
	}, nil
}

// escaped is text in a query. A mini program passes it through queries of its
// own, and not everything that undoes escapes there knows of "+".
func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// errForeign is for a link on another website. Nobody comes to a hand-over by one:
// a mini program opens it, which browsers report as no site's doing. The ticket in it
// would be that website's own, and log its visitors in as somebody they are not.
func errForeign() *core.Error {
	return &core.Error{Code: core.CodeCrossOrigin, Message: "another website leads here: open the page from the mini program, or trust the origin (WX_TRUSTED_ORIGINS)"}
}

// weChat is where the pages of mini programs are.
const weChat = "https://servicewechat.com"

// foreign reports whether a page leads here that is neither this website's nor a
// trusted one's. A link has no Origin; what a browser says of the page that it is on
// is its Referer. One that is kept secret is nobody's where Sec-Fetch-Site says that
// there is one; a browser too old for that field says nothing at all of it then, as
// does a web-view at its first page, which has to be let in. Nor does such a web-view
// count as foreign if WeChat has put the mini program into the Referer, as it does
// elsewhere: a website cannot.
func (l *Login) foreign(req core.Request) bool {
	if req.Header == nil {
		return false
	}
	site := req.Header.Get("Sec-Fetch-Site")
	if site == "none" || site == "same-origin" {
		return false
	}
	named := false
	for _, origin := range []string{req.Header.Get("Origin"), originOf(req.Header.Get("Referer"))} {
		if origin == "" || origin == weChat {
			continue
		}
		named = true
		h := http.Header{"Sec-Fetch-Site": {site}, "Origin": {origin}}
		if l.wx.SameOrigin(core.Request{Method: "POST", Host: req.Host, Header: h}) != nil {
			return true
		}
	}
	return site != "" && !named
}

// originOf is what an Origin would say of a page at address; "" for none.
func originOf(address string) string {
	if address == "" {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "null"
	}
	return u.Scheme + "://" + u.Host
}

// serveEnter redeems a ticket, after it has found nothing wrong with the rest of
// the request. HEAD, which adapters for net/http serve too, redeems nothing and
// tells nothing about the ticket.
func (l *Login) serveEnter(ctx context.Context, req core.Request) (core.Reply, error) {
	query, err := url.ParseQuery(req.Query)
	if err != nil {
		return core.Reply{}, errBadRequest("the query is malformed")
	}
	to := "/"
	if query.Has("to") {
		to = query.Get("to")
	}
	if err := checkTarget(to); err != nil {
		return core.Reply{}, err
	}
	r := core.Reply{Status: 204, Header: []core.HeaderField{
		{Name: "Cache-Control", Value: "no-store"},
		{Name: "Referrer-Policy", Value: "no-referrer"}, // the address has the ticket in it
	}}
	if req.Method == "HEAD" {
		return r, nil
	}
	if l.foreign(req) {
		return core.Reply{}, errForeign()
	}
	token, s, err := l.wx.RedeemTicket(ctx, query.Get("ticket"), webDevice)
	if err != nil {
		return core.Reply{}, err
	}
	r.Status, r.Session = 303, s
	r.Header = append(r.Header, core.HeaderField{Name: "Location", Value: location(to)}, l.wx.SessionCookie(token, s))
	return r, nil
}
