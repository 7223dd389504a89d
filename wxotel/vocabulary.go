package wxotel

import (
	"math"
	"net/http"
	"strconv"

	"github.com/wxsession/wxsession/core"
)

// other stands for every value that is not in the lists below. They are what
// bounds the number of series: nothing that a client, an application or WeChat
// makes up becomes a label.
const other = "other"

// vocabulary is a closed set.
type vocabulary[T ~string] map[T]bool

func newVocabulary[T ~string](words ...T) vocabulary[T] {
	v := vocabulary[T]{"": true}
	for _, w := range words {
		v[w] = true
	}
	return v
}

func (v vocabulary[T]) fold(word T) T {
	if v[word] {
		return word
	}
	return other
}

// vocabularies are the values that labels take.
type vocabularies struct {
	operations, verbs, endpoints vocabulary[string]
	codes                        vocabulary[core.Code]
	reasons                      vocabulary[core.Reason]
	errcodes                     map[int]bool
}

func newVocabularies() vocabularies {
	v := vocabularies{
		operations: newVocabulary(core.OpLogin, core.OpAuthenticate, core.OpCheck, core.OpRenew, core.OpUpdate,
			core.OpRotate, core.OpRevoke, core.OpSessions, core.OpTicket, core.OpRedeem, core.OpDecrypt, core.OpPhone,
			core.OpSessionKey),
		verbs: newVocabulary("get", "near", "swap", "delete"),
		endpoints: newVocabulary("/sns/jscode2session", "/sns/component/jscode2session", "/cgi-bin/token",
			"/cgi-bin/stable_token", "/wxa/business/getuserphonenumber", "/wxa/business/getuserencryptkey",
			"/wxa/business/checkencryptedmsg", "/wxa/checksession", "/wxa/resetusersessionkey", "/wxa/getpluginopenpid",
			"/wxa/getpaidunionid", "/wxa/getwxacodeunlimit"),
		codes: newVocabulary(core.CodeBadRequest, core.CodeRequestTooLarge, core.CodeNotFound, core.CodeInvalidCode,
			core.CodeCodeUsed, core.CodeInvalidSignature, core.CodeUserBlocked, core.CodeLoginDenied, core.CodeAppUnavailable,
			core.CodeRateLimited, core.CodeWeChatUnavailable, core.CodeMisconfigured, core.CodeNoSession,
			core.CodeInvalidSession, core.CodeSessionRevoked, core.CodeSessionKeyExpired, core.CodeStoreUnavailable,
			core.CodeCrossOrigin, core.CodeInvalidTicket, core.CodeConflict),
		reasons: newVocabulary(append(endReasons(), core.ReasonCanceled, core.ReasonBreaker, core.ReasonExchanges,
			core.ReasonAddress, core.ReasonUser)...),
		errcodes: map[int]bool{},
	}
	// Those that wxapi knows. Others are WeChat's, or a proxy's, to invent.
	for _, n := range []int{-1, 1, 1007, 40001, 40002, 40003, 40013, 40014, 40029, 40066, 40090, 40094, 40097, 40125, 40163,
		40164, 40169, 40226, 40243, 41001, 41002, 41004, 41008, 41021, 41030, 42001, 42003, 43001, 43002, 43003, 44002, 45009,
		45011, 47001, 48001, 48004, 48017, 50002, 50004, 50007, 61003, 61004, 61007, 61014, 61024, 87008, 87009, 89002, 89300,
		89501, 89503, 89506, 89507} {
		v.errcodes[n] = true
	}
	return v
}

// endReasons are those for which sessions end before their time.
func endReasons() []core.Reason {
	return []core.Reason{core.ReasonLogout, core.ReasonDevice, core.ReasonEverywhere, core.ReasonCap, core.ReasonTheft, core.ReasonHandOver}
}

// otherErrCode is none of WeChat's.
const otherErrCode = math.MinInt

func errcode(n int) string {
	if n == otherErrCode {
		return other
	}
	return strconv.Itoa(n)
}

// status is that of a reply. One that HTTP does not know, which an application may
// have made up, is its class's first.
func status(n int) int {
	switch {
	case n < http.StatusBadRequest || n > 599:
		return http.StatusInternalServerError
	case http.StatusText(n) == "":
		return n / 100 * 100
	}
	return n
}
