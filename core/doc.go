// Package core logs WeChat Mini Program users in and keeps their sessions.
//
// Most programs use it through an adapter (ginwx, echowx, nethttpwx), which
// mounts the login routes and returns the middleware:
//
//	cfg, err := core.ConfigFromEnv()
//	store, err := stores.Open(ctx, cfg.Store)
//	wx, err := core.New(cfg, store)
//	auth := ginwx.Mount(r, wx)
//
// A client sends the code that wx.login gave it, and gets an opaque token, the
// 3rd_session, which it sends with every request. What the application learns
// of the user is a [Session]. A framework without an adapter needs
// [Manager.Routes], [Manager.Require] and [Manager.Refuse], and proves
// itself with core/adaptertest.
//
// # Expiry
//
// Use renews, absence expires, in the manner of wx.checkSession: a session ends
// IdleTimeout after its last use, and Lifetime after the login however much it
// is used. So that not every request writes, a renewal is written only when a
// twentieth of IdleTimeout has passed since the last one: a session may end up
// to 5 % of IdleTimeout early, never late. Expiry is decided here, from the
// session's record, to the millisecond and alike on all stores; the clocks of
// the processes should agree to within a second or so, as NTP keeps them.
//
// # Logging out
//
// The store's only write is compare-and-swap, so a request in flight cannot
// bring back a session that was ended meanwhile. Every user has an index of
// sessions. A session is listed there before its token is handed out, and taken
// out only after it is dead; what a crash leaves half done, the next operation
// on the user completes.
//
// No code can promise that for a store that forgets. A fail-over of
// asynchronously replicated Redis may lose a revocation that it acknowledged. A
// store that evicts a user's index leaves sessions that can be used, but neither
// listed nor ended: until each one's next renewal, a twentieth of IdleTimeout at
// most, which lists it again, or ends it if its user has logged out everywhere
// meanwhile.
//
// # Secrets
//
// The store sees hashes of tokens only. With Config.Keys every value in a store
// outside this process is sealed as a whole and bound to its key: who reads the
// store sees neither openids nor session_keys, who writes to it can neither
// forge a session nor move one, only restore an older version of the same value.
// The session_key and the access token never leave the server. No error, log
// line or formatted value of this module contains the AppSecret, a session_key,
// an access token, a code or a token. What an IdentityProvider, a Store or an
// OnLogin of the application puts into its own errors is logged as it is.
//
// # Outages
//
// A store that cannot answer is no log-out: clients get 503 store_unavailable
// with Retry-After and keep their token.
package core
