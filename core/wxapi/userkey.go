package wxapi

import (
	"context"
	"crypto/aes"
	"time"
)

// UserKey is one of the keys that the mini program has from
// wx.getUserCryptoManager. DecryptUserCrypto uses it.
type UserKey struct {
	Key     Secret // 16 bytes in base64
	IV      string // 16 characters
	Version int    // what the mini program sends along to name the key
	Created time.Time
	Left    time.Duration // how long it is valid yet; 0 when it has expired
}

type userKeysReply struct {
	outcome
	Keys []struct {
		EncryptKey string `json:"encrypt_key"`
		IV         string `json:"iv"`
		Version    int    `json:"version"`
		CreateTime int64  `json:"create_time"`
		ExpireIn   int64  `json:"expire_in"`
	} `json:"key_info_list"`
}

const maxKeyLife = 24 * 60 * 60 // seconds; WeChat's is 3600

func (r userKeysReply) complete() bool {
	for _, k := range r.Keys {
		if !isKey(k.EncryptKey) || !visible(k.IV, aes.BlockSize) || len(k.IV) < aes.BlockSize || k.ExpireIn > maxKeyLife {
			return false
		}
	}
	return r.ErrCode != nil
}

// UserEncryptKeys returns the user's latest keys, at most three, as WeChat
// orders them (/wxa/business/getuserencryptkey). A session_key that is not
// valid any more gives an Error of kind KindInvalidSignature.
func (c *Client) UserEncryptKeys(ctx context.Context, openid string, key Secret) ([]UserKey, error) {
	r, err := signed[userKeysReply](ctx, c, &request{op: "getUserEncryptKey", path: "/wxa/business/getuserencryptkey"}, openid, key)
	if err != nil {
		return nil, err
	}
	keys := make([]UserKey, len(r.Keys))
	for i, k := range r.Keys {
		keys[i] = UserKey{
			Key: Secret(k.EncryptKey), IV: k.IV, Version: k.Version,
			Created: time.Unix(k.CreateTime, 0),
			Left:    time.Duration(max(0, k.ExpireIn)) * time.Second,
		}
	}
	return keys, nil
}

// DecryptUserCrypto opens what a mini program has encrypted with a key of
// wx.getUserCryptoManager, found on this side by Client.UserEncryptKeys and the
// version that the mini program sent along. WeChat fixes the key and an iv of
// 16 characters, and leaves the rest to the application. This function's
// convention is AES-128-CBC with PKCS#7 padding, the key decoded from base64,
// the iv's 16 ASCII characters as they are, and the ciphertext in base64.
// Every failure is ErrInvalidData.
//
// The ciphertext is not authenticated, and there is no watermark: whoever can
// send many variants and learn which of them fail can decrypt by trial. Give
// one uniform answer to all failures, or let the mini program add a MAC.
func DecryptUserCrypto(key UserKey, encrypted string) ([]byte, error) {
	data, ok1 := ciphertext(encrypted)
	secret, ok2 := unbase64(key.Key.Reveal())
	if !ok1 || !ok2 {
		return nil, ErrInvalidData
	}
	plain, ok := decryptCBC(secret, []byte(key.IV), data)
	if !ok {
		return nil, ErrInvalidData
	}
	return plain, nil
}
