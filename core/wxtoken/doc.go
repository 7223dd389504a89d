// Package wxtoken gives the users of a backend signed tokens (JWT) for other
// services: in another language, or too far from the store to ask it about every
// request.
//
// Most services should not use it. Where a service is written in Go and reaches
// the store, a core.Manager on that store and an adapter's middleware know each
// log-out at once, and the attributes as they are now. A signed token is what its
// issuer knew when it signed.
//
// # The issuer
//
//	cfg, err := wxtoken.ConfigFromEnv()
//	issuer, err := wxtoken.New(wx, cfg)
//	ginwx.MountRoutes(r, issuer.Routes()...)
//
// A client with a session asks POST /wx/token for a token, by header or cookie,
// and gets one for {"audience":"orders"}, or for the first of the configured
// audiences:
//
//	{"access_token":"…","token_type":"Bearer","expires_in":300}
//
// It asks again when that is over; Config.LimitUser of core bounds how often.
// Handlers that need a token for a call of their own have [Issuer.Token].
//
// # The verifier
//
// A service in Go makes a [Verifier]. Other languages have libraries that take
// the keys from GET /wx/jwks; tell them the issuer, the audience and the
// algorithms (EdDSA, ES256), and that exp is required.
//
// The keys are fetched when the first token comes, and kept for as long as the
// answer's max-age says, between a minute and an hour. A renewal goes on beside
// the requests, and one that fails leaves the old keys in use, however long: an
// outage of the issuer logs nobody out. A token with a key that is not known
// waits for a fetch, of which there is one a minute at most; until the first one
// succeeds, one every two seconds. Only a service that has not looked for two
// hours waits before it goes by the keys that it has.
//
// # What a signed token cannot do
//
// It cannot be taken back. After a log-out, a revocation or a change of the
// attributes the tokens that are about work on until they expire: for up to five
// minutes ([Lifetime]), and the verifier's Leeway. What must end at once, such as
// a payment, asks the manager.
//
// It is no session. It is not renewed by use, and does not renew the session that
// it was made for beyond what asking for it does. It never outlives that
// session's idle timeout and lifetime, as they were when it was signed.
//
// It hides nothing. The client can read the openid, or what Config.Subject names,
// and every attribute in Config.Claims. The session_key and the 3rd_session are
// never in it. Whoever has it can use it at its audience, which can use it
// nowhere else.
//
// # Changing keys
//
// To sign with a new key, publish it first: put it behind the old one in
// WX_SIGNING_KEYS, on all instances. Ten minutes after all of them run with that,
// put it in front. Ten minutes after all of them run with that, the old one can go.
//
// The first ten minutes are twice the max-age that GET /wx/jwks sends: a cache on
// the way may keep the keys for that long, and the verifier behind it once more.
// The second ten are more than a token lives (5 minutes) with the most of a
// verifier's Leeway (1 minute). Wait longer where a verifier of another make, or a
// cache, keeps the keys beyond their max-age. Who puts the new key in front at once
// has tokens refused: for up to a minute by verifiers that have just looked for
// another key or asked an instance that was not yet restarted.
//
// After a theft leave the old key out at once: clients get 401 and ask for another
// token. A verifier takes the stolen key until it has looked again: with the
// max-age that is sent here, it looks at the first token that comes five minutes
// after its last look. Who keeps it from reaching the issuer prolongs that.
package wxtoken
