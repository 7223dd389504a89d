package record

import (
	"reflect"
	"testing"
)

func TestSessionKeysKeepTheOrderOfTheAnswers(t *testing.T) {
	type given struct {
		key        string
		since, now int64
	}
	for name, c := range map[string]struct {
		logins  []given
		want    SessionKeys
		changed bool // by the last one
	}{
		"the first":                       {[]given{{"a", 10, 11}}, SessionKeys{{"a", 10}}, true},
		"the same again":                  {[]given{{"a", 10, 11}, {"a", 20, 21}}, SessionKeys{{"a", 20}}, false},
		"the same, stored late":           {[]given{{"a", 20, 21}, {"a", 10, 22}}, SessionKeys{{"a", 20}}, false},
		"a newer one":                     {[]given{{"a", 10, 11}, {"b", 20, 21}}, SessionKeys{{"b", 20}, {"a", 10}}, true},
		"a third":                         {[]given{{"a", 10, 11}, {"b", 20, 21}, {"c", 30, 31}}, SessionKeys{{"c", 30}, {"b", 20}}, true},
		"an older answer, stored late":    {[]given{{"b", 20, 21}, {"a", 10, 22}}, SessionKeys{{"b", 20}, {"a", 10}}, false},
		"one between two":                 {[]given{{"c", 30, 31}, {"a", 10, 32}, {"b", 20, 33}}, SessionKeys{{"c", 30}, {"b", 20}}, false},
		"too old for both":                {[]given{{"c", 30, 31}, {"b", 20, 32}, {"a", 10, 33}}, SessionKeys{{"c", 30}, {"b", 20}}, false},
		"the one before, given once more": {[]given{{"a", 10, 11}, {"b", 20, 21}, {"a", 30, 31}}, SessionKeys{{"a", 30}, {"b", 20}}, true},
		"at the same time":                {[]given{{"a", 10, 11}, {"b", 10, 11}}, SessionKeys{{"b", 10}, {"a", 10}}, true},
		"after a clock that was ahead":    {[]given{{"a", 5000, 5000}, {"b", 20, 21}}, SessionKeys{{"b", 5001}, {"a", 5000}}, true},
	} {
		var keys SessionKeys
		var changed bool
		for _, g := range c.logins {
			keys, changed = keys.Add(g.key, g.since, g.now)
		}
		if !reflect.DeepEqual(keys, c.want) || changed != c.changed {
			t.Errorf("%s: got %v, changed %v; want %v", name, keys, changed, c.want)
		}
	}
}

func TestAddLeavesTheOldKeysAsTheyAre(t *testing.T) {
	before := SessionKeys{{"b", 20}, {"a", 10}}
	before.Add("c", 30, 31)
	if !reflect.DeepEqual(before, SessionKeys{{"b", 20}, {"a", 10}}) {
		t.Errorf("got %v", before)
	}
}
