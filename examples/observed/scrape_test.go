package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// scrape is what /metrics said: the series of each name, with their values.
type scrape map[string][]sample

type sample struct {
	labels map[string]string
	value  float64
}

func get(t *testing.T, url, token string) (status int, body string) {
	t.Helper()
	return ask(t, "GET", url, token, "")
}

func ask(t *testing.T, method, url, token, body string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func parse(t *testing.T, text string) scrape {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	s := scrape{}
	for name, family := range families {
		for _, m := range family.Metric {
			s.add(name, m)
		}
	}
	return s
}

// add takes a histogram apart, as Prometheus does.
func (s scrape) add(name string, m *dto.Metric) {
	set := map[string]string{}
	for _, l := range m.Label {
		set[l.GetName()] = l.GetValue()
	}
	h := m.Histogram
	if h == nil {
		value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
		s[name] = append(s[name], sample{set, value})
		return
	}
	count := float64(h.GetSampleCount())
	s[name+"_count"] = append(s[name+"_count"], sample{set, count})
	s[name+"_sum"] = append(s[name+"_sum"], sample{set, h.GetSampleSum()})
	withLE := map[string]string{"le": "+Inf"}
	for k, v := range set {
		withLE[k] = v
	}
	s[name+"_bucket"] = append(s[name+"_bucket"], sample{withLE, count})
}

// ofTarget are labels that Prometheus adds to whatever it scrapes.
var ofTarget = map[string]bool{"job": true, "instance": true}

// find returns the samples that a selector takes.
func (s scrape) find(name string, matchers []*labels.Matcher) (found []sample) {
	for _, one := range s[name] {
		taken := true
		for _, m := range matchers {
			if m.Name != model.MetricNameLabel && !ofTarget[m.Name] && !m.Matches(one.labels[m.Name]) {
				taken = false
			}
		}
		if taken {
			found = append(found, one)
		}
	}
	return found
}

// sum adds up the samples that a selector such as {a="b"} takes.
func (s scrape) sum(t *testing.T, selector string) (total float64) {
	t.Helper()
	matchers, err := promQL.ParseMetricSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range matchers {
		if m.Name == model.MetricNameLabel {
			for _, one := range s.find(m.Value, matchers) {
				total += one.value
			}
		}
	}
	return total
}
