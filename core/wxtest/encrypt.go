package wxtest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

type watermark struct {
	Timestamp int64  `json:"timestamp"`
	AppID     string `json:"appid"`
}

// Encrypt returns what a mini program gets as encryptedData and iv: v as JSON,
// under the user's session_key. An object without a watermark gets this app's;
// []byte is taken as it is, whatever it holds. It panics if v does not encode.
func (a *App) Encrypt(openid string, v any) (encryptedData, iv string) {
	s := a.server
	s.mu.Lock()
	defer s.mu.Unlock()
	key := s.currentKey(a.user(openid))
	return encrypt(key.value, marked(v, watermark{s.now().Unix(), a.AppID}))
}

// Sign returns the signature that wx.getUserInfo gives with rawData.
func (a *App) Sign(openid, rawData string) string {
	sum := sha1.Sum([]byte(rawData + a.SessionKey(openid)))
	return hex.EncodeToString(sum[:])
}

// marked encodes v, with the watermark as its last member.
func marked(v any, w watermark) []byte {
	if b, verbatim := v.([]byte); verbatim {
		return b
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("wxtest: encode %T: %v", v, err)) // a mistake in the test, found where it was made
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(b, &members) != nil || members == nil || members["watermark"] != nil {
		return b
	}
	mark, _ := json.Marshal(w)
	sep := ","
	if len(members) == 0 {
		sep = ""
	}
	return fmt.Appendf(nil, `%s%s"watermark":%s}`, bytes.TrimSuffix(b, []byte("}")), sep, mark)
}

// encrypt does AES-128-CBC with PKCS#7 padding under a fresh iv.
func encrypt(sessionKey string, plain []byte) (encryptedData, iv string) {
	key, err := base64.StdEncoding.DecodeString(sessionKey) // the server made it: only a bug here makes this fail
	if err != nil {
		panic("wxtest: the server's own session_key: " + err.Error())
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("wxtest: the server's own session_key: " + err.Error())
	}
	vector := make([]byte, aes.BlockSize)
	rand.Read(vector)
	n := aes.BlockSize - len(plain)%aes.BlockSize
	data := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, vector).CryptBlocks(data, data)
	return base64.StdEncoding.EncodeToString(data), base64.StdEncoding.EncodeToString(vector)
}

// encryptedMsgLife is how long checkencryptedmsg knows a message.
const encryptedMsgLife = 72 * time.Hour

func (s *Server) remember(encryptedData string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := sha256.Sum256([]byte(encryptedData))
	s.messages[hex.EncodeToString(sum[:])] = s.now()
}

// serveEncryptedMsg serves /wxa/business/checkencryptedmsg, which expects the
// hash of the base64 text here; WeChat's documentation leaves that open.
func (s *Server) serveEncryptedMsg(_ *App, rq *request, rp *reply) {
	var in struct {
		Hash string `json:"encrypted_msg_hash"`
	}
	if !rq.into(&in, rp) {
		return
	}
	created, known := s.messages[in.Hash]
	switch {
	case in.Hash == "":
		rp.refuse(errInvalidArgs)
	case !known || s.now().Sub(created) > encryptedMsgLife:
		rp.refuse(errNoData)
	default:
		rp.succeed(struct {
			refusal
			Valid      bool  `json:"vaild"` // sic
			CreateTime int64 `json:"create_time"`
		}{ok, true, created.Unix()})
	}
}
