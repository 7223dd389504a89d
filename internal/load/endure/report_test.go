package main

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTheReportExplainsItself(t *testing.T) {
	r, _, _ := newMemoryRig(t)
	const waiting = "With wait_replicas a log-out is not acknowledged either"
	r.began, r.ended = time.Now().Add(-time.Minute), time.Now()
	look := func(failed error) string {
		var b strings.Builder
		r.report(&b, failed)
		return b.String()
	}
	text := look(nil)
	for _, want := range []string{
		"Requests are calls of Authenticate within this process, without HTTP", "| 401 (sessions that had ended) |",
		"| longest time without an answer from any master |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, waiting) {
		t.Error("nobody waits for replicas")
	}
	r.store = url.Values{"wait_replicas": {"1"}}
	if !strings.Contains(look(nil), waiting) {
		t.Error("it does not say why log-outs are not acknowledged")
	}
	for _, tt := range []struct {
		failed error
		lost   int64
		want   string
	}{
		{nil, 0, "Nothing that was promised was lost."},
		{errors.New("the sweep ended early"), 0, "No broken promise was found, but the run was not finished."},
		{nil, 2, "Promises were broken: 2 live sessions refused."},
		{errors.New("the sweep ended early"), 2, "Promises were broken: 2 live sessions refused."},
	} {
		r.ledger.broken[lost].Store(tt.lost)
		if text := look(tt.failed); !strings.HasSuffix(text, "\n"+tt.want+"\n") {
			t.Errorf("it does not end with %q:\n%s", tt.want, text)
		}
	}
}

func TestMemoryIsWrittenInAUnitThatTells(t *testing.T) {
	for want, used := range map[string][]int64{
		"31 + 2 MB":       {31_400_000, 1_800_000},
		"1.25 + 0.99 GB":  {1_250_000_000, 990_000_000},
		"1.00 GB":         {1_000_000_000},
		"999 + 1 + 0 MB":  {999_000_000, 1_000_000, 0},
		"1.00 + 12.35 GB": {1_000_000_000, 12_345_678_901},
	} {
		if got := gigabytes(used); got != want {
			t.Errorf("%v is written %q, want %q", used, got, want)
		}
	}
}
