package record

// SessionKeys are a user's session_keys, newest first: the current one and the
// previous one. WeChat keeps a single valid key per user and app, whatever
// device logged in last; data that was encrypted just before the key changed
// still decrypts with the previous one.
type SessionKeys []SessionKey

// MaxSessionKeys is how many are kept.
const MaxSessionKeys = 2

// SessionKey is a session_key and when WeChat gave it.
type SessionKey struct {
	Key   string // secret
	Since int64
}

// Add puts a key that WeChat gave at since where it belongs, as logins may be
// stored in another order than WeChat answered them in. It reports whether the
// current key is another one now.
//
// What is newer than now was stamped by a clock that is ahead of ours: then
// ours, which was given before now, is taken for the newer one.
func (k SessionKeys) Add(key string, since, now int64) (keys SessionKeys, changed bool) {
	if len(k) > 0 && k[0].Since > since && k[0].Since > now {
		since = k[0].Since + 1
	}
	var current string
	if len(k) > 0 {
		current = k[0].Key
	}
	keys = make(SessionKeys, 0, len(k)+1)
	added := SessionKey{key, since}
	for _, held := range k {
		if held.Key == key {
			added.Since = max(added.Since, held.Since)
		}
	}
	for _, held := range k {
		if added.Key != "" && added.Since >= held.Since {
			keys, added.Key = append(keys, added), ""
		}
		if held.Key != key {
			keys = append(keys, held)
		}
	}
	if added.Key != "" {
		keys = append(keys, added)
	}
	keys = keys[:min(len(keys), MaxSessionKeys)]
	return keys, keys[0].Key != current
}

func (k SessionKeys) append(b []byte) []byte {
	b = append(b, byte(len(k)))
	for _, held := range k {
		b = appendText(appendMillis(b, held.Since), held.Key)
	}
	return b
}

func (r *reader) sessionKeys() (keys SessionKeys) {
	n := int(r.byte())
	r.bad = r.bad || n > MaxSessionKeys
	for range n {
		since := r.millis()
		keys = append(keys, SessionKey{r.text(), since})
		if r.bad {
			return nil
		}
	}
	return keys
}
