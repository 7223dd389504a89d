// Package record is the storage format: what stands in the store, byte for
// byte. Package core decides what it means.
//
// Integers of fixed size are big-endian. A time is a whole number of
// milliseconds since 1970, a duration one of milliseconds; both take 6 bytes. A
// text is a length and its bytes, the length a uvarint, or one byte where it
// says "short". A name is the first 16 bytes of a SHA-256; finding a token for
// any of 10⁸ stored names takes 2¹⁰¹ hashes.
//
// # Keys
//
//	s:name    session, by its token's text
//	u:name    user, by appid, a zero byte, openid
//	t:appid   access token of an app
//	d:name    data that was opened and is good once, by its user and ciphertext
//	k:name    ticket of a hand-over, by its text
//	a:name    mark of what a user has approved, by appid, a zero byte, openid
//	x:…       values of packages outside core (Manager.Values)
//
// A name is written as 22 characters of base64url.
//
// # Values
//
//	in clear  version (1 byte), body
//	sealed    version + 128, id of the key (2), nonce (12), body under AES-256-GCM,
//	          its tag (16)
//
// The version is 1 for all kinds. A sealed value is bound to the key that it
// stands under, as associated data, and to the store's prefix; see Keyring.
//
// # Session
//
//	 0  state (1)
//	 1  public id (16 characters of base64url)
//	17  created (6)   the login
//	23  lastSeen (6)  the last use that was written down
//	29  idle (6)      how long it lives unused
//	35  lifetime (6)  how long it lives at most
//	41  appid, openid, unionid: short texts
//	    state fresh: name of the predecessor (16)
//	    state rotated: end of the grace period (6), name of the successor (16)
//	    attributes: name and value, a text each, sorted by name
//	    after an update in clear: 16383 as a uvarint, and its writer (6 random bytes)
//
// Times stand at fixed offsets, so that a renewal patches six bytes. A session
// that was ended leaves a tombstone, if anybody is to be told: state revoked (1),
// reason (1), the tombstone's end (6), the name of the user's record (16), nothing else.
//
// # User
//
//	epoch, and the time of the last log-out everywhere: uvarints
//	session_keys: count (1), and of each: time (6), key (text);
//	    if there are any, of the first: time of WeChat's word (6), whether it is dead (1)
//	sessions: count, and of each: public id (16), created (6), end (6), flags (1),
//	    public id of the session that handed it over (16, if flag 1), device (text),
//	    records: count, and of each its name (16) and role (1);
//	    tickets (if flag 2): count, and of each its name (16) and end (6)
//	revocations that are pending: count, and of each the record's name (16) and the reason (1),
//	  whose highest bit says that it has a tombstone, which is to be deleted
//	tombstones: count, and names (16 each)
//
// Counts are uvarints but where it says otherwise.
//
// # Access token
//
//	end (6), end of the lease (6), time at which WeChat gave it (6), token up to the end
//
// # Data that is good once
//
//	8 random bytes, so that nobody takes another one's record for their own
//
// # Mark of approvals
//
//	8 random bytes
//
// # Ticket
//
//	appid, openid, public id of the session: short texts
package record
