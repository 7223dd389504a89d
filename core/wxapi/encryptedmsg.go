package wxapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

type encryptedMsgReply struct {
	outcome
	Valid      bool  `json:"vaild"` // sic
	CreateTime int64 `json:"create_time"`
}

func (r encryptedMsgReply) complete() bool { return r.ErrCode != nil }

// CheckEncryptedMsg asks WeChat whether it produced encryptedData
// (/wxa/business/checkencryptedmsg), and when. WeChat knows phone numbers of
// the last three days; what it does not know gives false. It gets the SHA-256
// of the base64 text: its documentation leaves open whether the text or the
// bytes are meant.
func (c *Client) CheckEncryptedMsg(ctx context.Context, encryptedData string) (valid bool, created time.Time, err error) {
	sum := sha256.Sum256([]byte(encryptedData))
	rq := &request{op: "checkEncryptedMsg", path: "/wxa/business/checkencryptedmsg"}
	r, err := authorizedPost[encryptedMsgReply](ctx, c, rq, map[string]string{
		"encrypted_msg_hash": hex.EncodeToString(sum[:]),
	})
	if isKind(err, KindNotFound) {
		return false, time.Time{}, nil
	}
	if err != nil || !r.Valid {
		return false, time.Time{}, err
	}
	return true, time.Unix(r.CreateTime, 0), nil
}
