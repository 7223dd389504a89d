package wxapi_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

func at(unix int64) func() time.Time { return func() time.Time { return time.Unix(unix, 0) } }

func TestDecryptFreshness(t *testing.T) {
	for _, now := range []int64{1477314187, 1477314187 + 60, 1477314187 - 60} {
		want := wxapi.Watermark{AppID: vectorApp, MaxAge: time.Minute, Now: at(now)}
		if _, err := wxapi.Decrypt(vectorKey, userInfo, vectorIV, want); err != nil {
			t.Errorf("at %d: %v", now, err)
		}
	}
}

// What is well encrypted may still not be what WeChat encrypts.
func TestDecryptJudgesThePlaintext(t *testing.T) {
	good := `{"openId":"o1",` + watermark
	for plain, valid := range map[string]bool{
		good:                                true,
		`{"other":1,` + watermark:           true,
		" " + good + "\n":                   true,
		"":                                  false,
		"null":                              false,
		"[" + good + "]":                    false,
		good + good:                         false,
		good[:len(good)-1]:                  false,
		`{"openId":"o2",` + watermark:       false,
		`{"openId":1,` + watermark:          false,
		`{"openId":null,` + watermark:       false,
		`{"openId":"o1"}`:                   false,
		`{"watermark":"` + vectorApp + `"}`: false,
		`{"watermark":{"appid":["` + vectorApp + `"]}}`:           false,
		`{"watermark":{"APPID":"` + vectorApp + `"}}`:             false,
		`{"Watermark":{"appid":"` + vectorApp + `"}}`:             false,
		`{"appid":"` + vectorApp + `"}`:                           false,
		`{"nickName":"` + "\xff" + `","openId":"o1",` + watermark: false,

		// What decides counts in WeChat's spelling, and once.
		`{"OpenId":"o2",` + watermark:                                              false,
		`{"OpenId":"o1",` + watermark:                                              false,
		`{"openid":"o2",` + watermark:                                              false,
		`{"OPENID":"o2",` + watermark:                                              false,
		`{"\u006fpenId":"o2",` + watermark:                                         false,
		`{"\u006fpenId":"o1",` + watermark:                                         false,
		`{"\u004fpenId":"o2",` + watermark:                                         false,
		`{"openId":"o1","openId":"o1",` + watermark:                                false,
		`{"openId":"o1","openId":"o2",` + watermark:                                false,
		`{"openId":"o2","openId":"o1",` + watermark:                                false,
		`{"openId":"o1","OpenID":"o2",` + watermark:                                false,
		`{"OpenID":"o2","openId":"o1",` + watermark:                                false,
		`{"open_id":"o2",` + watermark:                                             true,
		`{"myopenId":"o2",` + watermark:                                            true,
		`{"\"openId":"o2",` + watermark:                                            true,
		`{"a":{"openId":"o2"},` + watermark:                                        true,
		`{"openId":["o1"],` + watermark:                                            false,
		`{"watermark":{"appid":"wx0"},` + watermark:                                false,
		`{"watermark":{},` + watermark:                                             false,
		`{"WATERMARK":{"appid":"wx0"},` + watermark:                                false,
		"{\"watermar\u212a\":1," + watermark:                                       false, // K, the unit kelvin, which folds to k
		`{"\u0077atermark":1,` + watermark:                                         false,
		`{"watermark":{"appid":"` + vectorApp + `","appid":"` + vectorApp + `"}}`:  false,
		`{"watermark":{"appid":"wx0","appid":"` + vectorApp + `"}}`:                false,
		`{"watermark":{"appid":"` + vectorApp + `","appId":"wx0"}}`:                false,
		`{"watermark":{"appid":"` + vectorApp + `","\u0061ppid":"wx0"}}`:           false,
		`{"watermark":{"timestamp":1,"timestamp":2,"appid":"` + vectorApp + `"}}`:  false,
		`{"watermark":{"timestamp":1,"TimeStamp":2,"appid":"` + vectorApp + `"}}`:  false,
		"{\"watermark\":{\"time\u017ftamp\":1,\"appid\":\"" + vectorApp + "\"}}":   false, // the long s
		`{"watermark":{"other":1,"other":2,"appid":"` + vectorApp + `"}}`:          true,
		`{"nickName":"a","nickname":"b","nickName":"c","openId":"o1",` + watermark: true,
		`{"watermark":{"appid":"` + vectorApp + `"}} {}`:                           false,
		`{"watermark":{"appid":"` + vectorApp + `"}`:                               false,
		`{"openId":"o1" ` + watermark:                                              false,
		"\ufeff" + good:                                                            false,
	} {
		data := encryptCBC(t, vectorKey, vectorIV, pad([]byte(plain)))
		got, err := wxapi.Decrypt(vectorKey, data, vectorIV, wxapi.Watermark{AppID: vectorApp, OpenID: "o1"})
		if (err == nil) != valid || valid && string(got) != plain {
			t.Errorf("%s: %v", plain, err)
		}
	}
}

// A user who knows what his data says can write anything into its first 16
// bytes, by the iv alone.
func TestDecryptFirstBlockIsTheUsers(t *testing.T) {
	iv := mustBase64(t, vectorIV)
	for i, c := range []byte(`{"openId":"oGZUI`) {
		iv[i] ^= c ^ `{"OpenId":"oEVIL`[i]
	}
	got, err := wxapi.Decrypt(vectorKey, userInfo, base64.StdEncoding.EncodeToString(iv),
		wxapi.Watermark{AppID: vectorApp, OpenID: userOpenID})
	if err != wxapi.ErrInvalidData || got != nil {
		t.Errorf("%v, %.40s", err, got)
	}
}

// The time of the watermark decides only in its own spelling.
func TestDecryptFreshnessIsNotSpelledOtherwise(t *testing.T) {
	want := wxapi.Watermark{AppID: vectorApp, MaxAge: time.Minute, Now: at(1477314187)}
	for plain, valid := range map[string]bool{
		`{"watermark":{"timestamp":1477314187,"appid":"` + vectorApp + `"}}`:               true,
		`{"watermark":{"appid":"` + vectorApp + `"}}`:                                      false,
		`{"watermark":{"Timestamp":1477314187,"appid":"` + vectorApp + `"}}`:               false,
		`{"watermark":{"timestamp":1,"timestamp":1477314187,"appid":"` + vectorApp + `"}}`: false,
		`{"watermark":{"timestamp":"1477314187","appid":"` + vectorApp + `"}}`:             false,
		`{"watermark":{"timestamp":1477314187.5,"appid":"` + vectorApp + `"}}`:             false,
		`{"watermark":{"timestamp":null,"appid":"` + vectorApp + `"}}`:                     false,
		`{"watermark":{"appid":"` + vectorApp + `"},"timestamp":1477314187}`:               false,
		`{"watermark":{"x":{"timestamp":1477314187},"appid":"` + vectorApp + `"}}`:         false,
		`{"watermark":{"timestamp":14773141870000000000000,"appid":"` + vectorApp + `"}}`:  false,
		`{"watermark":{"timestamp":9223372036854775807,"appid":"` + vectorApp + `"}}`:      false,
		`{"watermark":{"timestamp":-9223372036854775808,"appid":"` + vectorApp + `"}}`:     false,
	} {
		data := encryptCBC(t, vectorKey, vectorIV, pad([]byte(plain)))
		if _, err := wxapi.Decrypt(vectorKey, data, vectorIV, want); (err == nil) != valid {
			t.Errorf("%s: %v", plain, err)
		}
	}
}
