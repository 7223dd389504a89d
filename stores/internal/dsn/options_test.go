package dsn

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

type settings struct {
	number   int
	duration time.Duration
	flag     bool
	text     string
}

func table() []Option[settings] {
	return []Option[settings]{
		{"duration", "a duration from 1s to 1m", Duration(time.Second, time.Minute, func(s *settings, d time.Duration) { s.duration = d })},
		{"flag", "true or false", Bool(func(s *settings, b bool) { s.flag = b })},
		{"number", "a number from 1 to 9", Number(1, 9, func(s *settings, n int) { s.number = n })},
		{"text", "a text", Text(func(s *settings, v string) { s.text = v })},
		{"time_out", "a text", Text(func(s *settings, v string) { s.text = v })},
		{"db", "a text", Text(func(s *settings, v string) { s.text = v })},
	}
}

func TestParse(t *testing.T) {
	for query, want := range map[string]settings{
		"":                              {},
		"&&":                            {},
		"number=1":                      {number: 1},
		"number=9&flag=1":               {number: 9, flag: true},
		"flag=false&duration=1s":        {duration: time.Second},
		"duration=1m&text=%26%20%25":    {duration: time.Minute, text: "& %"},
		"text=a+b&number=%33&flag=TRUE": {text: "a b", number: 3, flag: true},
	} {
		var s settings
		if err := Parse(&s, query, table()); err != nil || s != want {
			t.Errorf("%q: %+v, %v; want %+v", query, s, err, want)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for query, want := range map[string]string{
		"number=0":                     "number wants one value: a number from 1 to 9",
		"number=10":                    "number wants one value",
		"number=1.5":                   "number wants one value",
		"number=":                      "number wants one value",
		"number":                       "number wants one value",
		"number=1&number=1":            "number wants one value",
		"duration=999ms":               "duration wants one value: a duration from 1s to 1m",
		"duration=61s":                 "duration wants one value",
		"duration=5":                   "duration wants one value",
		"flag=yes":                     "flag wants one value: true or false",
		"text=":                        "text wants one value: a text",
		"numbr=1":                      `unknown option "numbr" in the DSN; known are duration, flag, number, text, time_out, db`,
		"time-out=1":                   `"time-out"`,
		"timeout=1":                    `"timeout"`,
		"TIMEOUT=1":                    `"TIMEOUT"`,
		"Tiem_Out=1":                   `"Tiem_Out"`,
		"numbers=1":                    `"numbers"`,
		"hunterzwei":                   "unknown option in the DSN; known are",
		"dx=1":                         "unknown option in the DSN; known are",
		"DB=1":                         `"DB"`,
		"Hunter2=1":                    "unknown option in the DSN; known are",
		"hunter_zwei_2":                "unknown option in the DSN",
		"aaaaaaaaaaaaaaaaaaaaaaaaaa=1": "unknown option in the DSN",
		"number=%zz":                   "percent-encoded",
		"number=1;flag=1":              "percent-encoded",
	} {
		var s settings
		if err := Parse(&s, query, table()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want an error that says: %s", query, err, want)
		}
	}
}

// FuzzParse: settings stay in their bounds, and no error shows the secret,
// wherever it stands.
func FuzzParse(f *testing.F) {
	const secret = "Hunter2"
	seeds := [][2]string{{"number=", ""}, {"", "=1"}, {"text=a&", ""}, {"duration=", "s"}, {"flag=%", "&number=1"}, {"text=", "&text=b"}, {"number=3&flag=true&text=", ""}}
	accepted := 0
	for _, s := range seeds {
		f.Add(s[0], s[1])
		if Parse(&settings{}, s[0]+secret+s[1], table()) == nil {
			accepted++
		}
	}
	if accepted == 0 || accepted == len(seeds) {
		f.Fatalf("%d of %d seeds are well formed; want some of each", accepted, len(seeds))
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		var s settings
		err := Parse(&s, before+secret+after, table())
		if err == nil {
			if s.number < 0 || s.number > 9 || s.duration != 0 && (s.duration < time.Second || s.duration > time.Minute) {
				t.Errorf("out of bounds: %+v", s)
			}
			return
		}
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
			t.Errorf("the error shows the secret: %s", text)
		}
	})
}
