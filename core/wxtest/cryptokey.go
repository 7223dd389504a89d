package wxtest

import (
	"crypto/rand"
	"encoding/base64"
	"time"
)

// UserKey is what wx.getUserCryptoManager().getLatestUserKey gives on the phone.
type UserKey struct {
	EncryptKey string // 16 bytes in base64
	IV         string // 16 characters
	Version    int
}

type cryptoKey struct {
	UserKey
	created time.Time
}

const (
	cryptoKeyLife = time.Hour
	cryptoKeys    = 3 // that WeChat remembers
)

// LatestUserKey returns the user's newest key, and issues one if that has
// expired.
func (a *App) LatestUserKey(openid string) UserKey {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	keys := a.server.userKeys(a.user(openid))
	return keys[len(keys)-1].UserKey
}

// userKeys needs s.mu. The newest comes last.
func (s *Server) userKeys(u *user) []cryptoKey {
	now := s.now()
	n := len(u.crypto)
	if n > 0 && now.Sub(u.crypto[n-1].created) < cryptoKeyLife {
		return u.crypto
	}
	version := 1
	if n > 0 {
		version = u.crypto[n-1].Version + 1
	}
	var key [16]byte
	rand.Read(key[:])
	u.crypto = append(u.crypto, cryptoKey{
		UserKey{base64.StdEncoding.EncodeToString(key[:]), text(16, "0123456789abcdef"), version}, now,
	})
	u.crypto = u.crypto[max(0, len(u.crypto)-cryptoKeys):]
	return u.crypto
}

type keyInfo struct {
	EncryptKey string `json:"encrypt_key"`
	Version    int    `json:"version"`
	ExpireIn   int64  `json:"expire_in"`
	IV         string `json:"iv"`
	CreateTime int64  `json:"create_time"`
}

type keyList struct {
	refusal
	Keys []keyInfo `json:"key_info_list"`
}

// serveUserKeys serves /wxa/business/getuserencryptkey: parameters in the query,
// and no body whatever the method.
func (s *Server) serveUserKeys(a *App, rq *request, rp *reply) {
	errcode := s.checkSigned(a, rq)
	if len(rq.body) > 0 {
		errcode = errSignature
	}
	if errcode != 0 {
		rp.refuse(errcode)
		rp.value = keyList{rp.value.(refusal), []keyInfo{}}
		return
	}
	out := keyList{ok, []keyInfo{}}
	for _, k := range s.userKeys(a.user(rq.query.Get("openid"))) {
		left := max(0, k.created.Add(cryptoKeyLife).Sub(s.now()))
		out.Keys = append([]keyInfo{{k.EncryptKey, k.Version, int64(left / time.Second), k.IV, k.created.Unix()}}, out.Keys...)
	}
	rp.succeed(out)
}
