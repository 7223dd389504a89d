// Package weblogin brings the users of a mini program into browsers: into the
// mini program's own web-view, and onto a website whose code they scan. It
// contributes routes, which every adapter mounts:
//
//	cfg, err := weblogin.ConfigFromEnv()
//	login, err := weblogin.New(wx, cfg)
//	nethttpwx.MountRoutes(mux, login.Routes()...)
//	server.RegisterOnShutdown(login.Close)
//
// A browser carries its session in a cookie, so the manager needs Config.Cookie
// (WX_COOKIE); without it there are no routes. What is issued here are sessions
// like all others: listed, counted, ended by the same log-outs.
//
// # The hand-over
//
// A page in a <web-view> knows nothing of the mini program's session. The mini
// program asks for a ticket, and opens the URL that comes with it, behind the
// host:
//
//	POST /wx/ticket {"to":"/h5/order?id=7"}    200 {"ticket":"…","expires_in":60,"url":"/wx/enter?ticket=…&to=…"}
//	GET  /wx/enter?ticket=…&to=…               303 to that path, with the cookie of a new session
//
// The ticket is good for a minute, once, and as long as the session lives that
// asked for it. The new session has the label "web", ends with the one that
// asked, and gives way to the next hand-over. HEAD does not use the ticket up,
// and says nothing about it. A link on a page of another origin, a sibling's too, gets
// 403 cross_origin, unless the origin is trusted (WX_TRUSTED_ORIGINS).
//
// The ticket stands in the query of a URL. No log of this module has it; the
// access logs in front of the service do, unless told otherwise: mask the query
// of {prefix}/enter in those of the proxy (nginx: log $uri in the place of
// $request), of the CDN, and of the framework (gin.Logger and echo's logger write
// the query). A ticket in a log is a login only for whoever reads it within the
// minute and before the browser has used it. Until then the URL is a credential:
// whoever opens it is logged in as the user who asked.
//
// # The website login
//
// With Config.ScanLogin (WX_SCAN_LOGIN):
//
//	browser       POST /wx/scan                              200 {"id":"…","expires_in":180,"image":"/wx/scan/{id}/code"}
//	              GET  /wx/scan/{id}/code                    the image to scan
//	              GET  /wx/scan/{id}?state=pending&wait=25   200 {"state":"pending"}
//	mini program  POST /wx/scan/{id} {"action":"scan"}       200 {"state":"scanned","browser":"…","ip":"…","created_at":…}
//	              POST /wx/scan/{id} {"action":"confirm"}    or "deny"
//
// The page shows the image and polls: each poll says which state the page knows,
// and waits while it is still that one. The code opens the mini program at
// Config.ScanPage, with the id as scene; there the user sees whose browser is
// asking, and confirms or denies. The poll that finds the login confirmed sets
// the session's cookie; after it, after 180 s, and in every other browser there
// is nothing left (404). A page that gets 404 begins anew.
//
// The browser that has begun the login is known by a secret in a cookie of its
// own, named as the session's with "-scan". It has one such cookie: where two
// tabs begin a login, that of the first is over. It goes when the session's comes.
//
// Whoever gets a user to scan and confirm a code of the attacker's browser is
// logged in as that user: no protocol of this kind prevents that. So the mini
// program's page must show what the scan returned (browser, address, time), ask,
// and never confirm by itself.
//
// # What a server has to allow
//
// A poll takes up to 30 s. Time-outs of the way back have to be longer, 40 s say:
// WriteTimeout of an http.Server, those of the proxy and of load balancers, and
// those that a middleware sets.
//
// The address that the user is shown, and by which logins that were begun are
// counted, is the one that the framework reports, or the one behind
// Config.TrustedProxies (WX_TRUSTED_PROXIES) of the manager. With no proxy
// believed, every browser has the address of the proxy, and all of them together
// get the 100 logins that one may have begun: with ginwx that is so
// until SetTrustedProxies is called or TrustedPlatform is set. With everybody
// believed, a browser chooses what the user is shown; a Gin engine that believes
// everybody counts as one that believes nobody.
//
// # What strangers can cause
//
// Config.LimitAddress of the manager bounds how often an address begins a login,
// Config.LimitUser what users do in the mini program. An address has at most 100
// live logins in each process, all of them together 65,536, and those whose address
// nobody knows a tenth of that: beyond it they get 429. One that failed, and may
// have been stored, counts as live. A login that was begun takes a few hundred bytes
// in the store, for three minutes; one whose image was fetched as much as the image
// has, some 100 KB.
package weblogin
