package wxtoken

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Public keys: those of RFC 8037 (Ed25519) and RFC 7517 (P-256, RSA cut short).
const (
	jwkEd  = `"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
	jwkEC  = `"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"`
	jwkRSA = `"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs","e":"AQAB"`
)

func TestWhichKeysOfASetAreUsed(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []string // each the members of one
		want string
	}{
		{"an issuer's", []string{jwkEd + `,"kid":"a","use":"sig","alg":"EdDSA"`, jwkEC + `,"kid":"b","use":"sig","alg":"ES256"`}, "a=EdDSA b=ES256"},
		{"without use and alg", []string{jwkEd + `,"kid":"a"`, jwkEC + `,"kid":"b"`}, "a=EdDSA b=ES256"},
		{"that may verify", []string{jwkEd + `,"kid":"a","key_ops":["sign","verify"]`}, "a=EdDSA"},
		{"that may not", []string{jwkEd + `,"kid":"a","key_ops":["encrypt"]`}, ""},
		{"for encryption", []string{jwkEC + `,"kid":"a","use":"enc"`}, ""},
		{"for another algorithm", []string{jwkEd + `,"kid":"a","alg":"HS256"`, jwkEC + `,"kid":"b","alg":"none"`, jwkEC + `,"kid":"c","alg":"EdDSA"`}, ""},
		{"without a kid", []string{jwkEd}, ""},
		{"of other kinds among ours", []string{
			jwkRSA + `,"kid":"r"`, `"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow","kid":"o"`,
			`"kty":"OKP","crv":"X25519","x":"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo","kid":"x"`, `"kty":"AKP","alg":"ML-DSA-44","pub":"AA","kid":"m"`,
			`"kty":"EC","crv":"P-384","x":"AA","y":"AA","kid":"p"`, `"kty":"new","kid":"n"`, `"kid":"k"`, ``, jwkEd + `,"kid":"a"`,
		}, "a=EdDSA"},
		{"with private parts", []string{jwkEd + `,"kid":"a","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"`, jwkEC + `,"kid":"b","d":""`, jwkEd + `,"kid":"c"`}, "c=EdDSA"},
		{"off the curve", []string{strings.Replace(jwkEC, "4Etl", "4Etm", 1) + `,"kid":"a"`}, ""},
		{"too short", []string{strings.Replace(jwkEd, "HURo", "", 1) + `,"kid":"a"`, strings.Replace(jwkEC, "IFyM", "", 1) + `,"kid":"b"`}, ""},
		{"with a certificate that is none", []string{jwkEd + `,"kid":"a","x5c":["junk"],"x5t":"junk"`}, "a=EdDSA"},
		{"members of other types", []string{`"kty":1,"kid":"a"`, jwkEd + `,"kid":["b"]`, jwkEd + `,"kid":"c","use":{}`, jwkEd + `,"kid":"d"`}, "d=EdDSA"},
		{"a kid for two", []string{jwkEd + `,"kid":"a"`, jwkEC + `,"kid":"a"`, jwkEC + `,"kid":"b"`}, "b=ES256"},
		{"a kid for two, thrice", []string{jwkEd + `,"kid":"a"`, jwkEC + `,"kid":"a"`, jwkEC + `,"kid":"a"`}, ""},
		{"the same key twice", []string{jwkEd + `,"kid":"a"`, jwkEd + `,"kid":"a","alg":"EdDSA"`}, "a=EdDSA"},
	} {
		keys, err := parseKeySet([]byte(`{"keys":[{` + strings.Join(c.keys, "},{") + `}],"more":1}`))
		var got []string
		for _, kid := range slices.Sorted(maps.Keys(keys)) {
			got = append(got, fmt.Sprintf("%s=%s", kid, keys[kid].alg))
		}
		if strings.Join(got, " ") != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %v, %v; want %q", c.name, got, err, c.want)
		}
	}
	if keys, err := parseKeySet([]byte(`{"keys":[1,null,[],"x",{` + jwkEd + `,"kid":"a"}]}`)); err != nil || len(keys) != 1 {
		t.Errorf("entries that are no objects: %v, %v", keys, err)
	}
}
