package wxtest

import "fmt"

// The error codes of WeChat that the server gives by itself. A Fault may give
// any other.
const (
	errBusy          = -1
	errNoData        = 1
	errBadToken      = 40001
	errGrantType     = 40002
	errInvalidOpenID = 40003
	errInvalidAppID  = 40013
	errInvalidCode   = 40029
	errInvalidURL    = 40066
	errInvalidArgs   = 40097
	errInvalidSecret = 40125
	errCodeUsed      = 40163
	errWhitelist     = 40164
	errScene         = 40169
	errCodeBlocked   = 40226
	errTokenMissing  = 41001
	errAppIDMissing  = 41002
	errSecretMissing = 41004
	errCodeMissing   = 41008
	errPage          = 41030
	errTokenExpired  = 42001
	errNeedGET       = 43001
	errNeedPOST      = 43002
	errEmptyBody     = 44002
	errDayQuota      = 45009
	errMinuteQuota   = 45011
	errBadFormat     = 47001
	errSigMethod     = 87008
	errSignature     = 87009
	errTrade         = 89300

	errComponentCredential   = 40094
	errComponentTokenMissing = 41021
	errNotAuthorized         = 61003
)

const moreAboutTokens = "could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"

// textOf is WeChat's own text for an errcode, without a tail.
func textOf(errcode int) string {
	switch errcode {
	case errBusy:
		return "system error"
	case errNoData:
		return "data not exit" // sic
	case errBadToken:
		return "invalid credential, access_token is invalid or not latest, " + moreAboutTokens
	case errGrantType:
		return "invalid grant_type"
	case errInvalidOpenID:
		return "invalid openid"
	case errInvalidAppID:
		return "invalid appid"
	case 40014:
		return "invalid access_token"
	case errInvalidCode:
		return "invalid code"
	case errInvalidURL:
		return "invalid url"
	case 40090:
		return "invalid request source (bad client ip), requestIP: 192.0.2.1"
	case errInvalidArgs:
		return "invalid args"
	case errInvalidSecret:
		return "invalid appsecret"
	case errCodeUsed:
		return "code been used"
	case errWhitelist:
		return "invalid ip 192.0.2.1 ipv6 ::ffff:192.0.2.1, not in whitelist"
	case errCodeBlocked:
		return "code blocked"
	case 40243:
		return "AppSecret frozen"
	case errComponentCredential:
		return "invalid component credential"
	case errComponentTokenMissing:
		return "component_access_token missing"
	case errNotAuthorized:
		return "component is not authorized by this account"
	}
	return moreTexts(errcode)
}

func moreTexts(errcode int) string {
	switch errcode {
	case errScene:
		return "invalid length for scene, or the data is not json string"
	case errPage:
		return "invalid page"
	case errTokenMissing:
		return "access_token missing"
	case errAppIDMissing:
		return "appid missing"
	case errSecretMissing:
		return "appsecret missing"
	case errCodeMissing:
		return "missing code"
	case errTokenExpired:
		return "access_token expired"
	case errNeedGET:
		return "require GET method"
	case errNeedPOST:
		return "require POST method"
	case 43003:
		return "require https"
	case errEmptyBody:
		return "empty post data"
	case errDayQuota:
		return "reach max api daily quota limit, " + moreAboutTokens
	case errMinuteQuota:
		return "api minute-quota reach limit, must slower, retry next minute"
	case errBadFormat:
		return "data format error"
	case 48001:
		return "api unauthorized"
	case errSigMethod:
		return "invalid sig_method"
	case errSignature:
		return "invalid signature"
	case errNoPluginData:
		return "get no data"
	case errNotBound:
		return "not bound to an open platform account"
	case errTrade:
		return "invalid trade"
	}
	return fmt.Sprintf("error %d", errcode)
}
