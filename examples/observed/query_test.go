package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

var promQL = parser.NewParser(parser.Options{})

// grafana replaces what Grafana would have before Prometheus sees a query.
var grafana = strings.NewReplacer("$__rate_interval", "5m", "$job", ".*", "$instance", ".*")

// checkQuery tells what is wrong with a query: it does not parse, or it asks for a
// metric, a label or a value of one that the example does not expose.
func (s scrape) checkQuery(t *testing.T, where, query string) {
	t.Helper()
	expr, err := promQL.ParseExpr(grafana.Replace(query))
	if err != nil {
		t.Errorf("%s: %v\n%s", where, err, query)
		return
	}
	known := s.checkSelectors(t, where, expr)
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if a, ok := node.(*parser.AggregateExpr); ok {
			for _, label := range a.Grouping {
				if !known[label] && !ofTarget[label] {
					t.Errorf("%s: nothing that it groups has the label %s, but %v", where, label, slices.Sorted(maps.Keys(known)))
				}
			}
		}
		return nil
	})
}

// checkSelectors returns the labels of what is selected.
func (s scrape) checkSelectors(t *testing.T, where string, expr parser.Expr) map[string]bool {
	t.Helper()
	known, selectors := map[string]bool{}, 0
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		v, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		selectors++
		found, counted := s.find(v.Name, v.LabelMatchers), false
		for _, one := range found {
			counted = counted || one.value > 0
			for label := range one.labels {
				known[label] = true
			}
		}
		if len(found) == 0 || !counted && !isGauge(v.Name) {
			t.Errorf("%s: %v selects nothing that the example has counted; of this name there is %v", where, v, s[v.Name])
		}
		for _, m := range v.LabelMatchers {
			if !s.hasLabel(v.Name, m.Name) {
				t.Errorf("%s: there is no label %s in %v", where, m.Name, v)
			}
		}
		return nil
	})
	if selectors == 0 {
		t.Errorf("%s asks for nothing: %v", where, expr)
	}
	return known
}

// isGauge tells what may well be 0.
func isGauge(name string) bool {
	return !strings.HasSuffix(name, "_total") && !strings.HasSuffix(name, "_count") && !strings.HasSuffix(name, "_bucket")
}

func (s scrape) hasLabel(name, label string) bool {
	return label == model.MetricNameLabel || ofTarget[label] || slices.ContainsFunc(s[name], func(one sample) bool {
		_, ok := one.labels[label]
		return ok
	})
}

var legendLabel = regexp.MustCompile(`{{\s*(\w+)\s*}}`)

// checkLegend checks that the labels of a legend are left in the query's result.
func checkLegend(t *testing.T, where, legend, query string) {
	t.Helper()
	expr, err := promQL.ParseExpr(grafana.Replace(query))
	if err != nil {
		return // told already
	}
	var left []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if a, ok := node.(*parser.AggregateExpr); ok {
			left = append(left, a.Grouping...)
		}
		return nil
	})
	for _, found := range legendLabel.FindAllStringSubmatch(legend, -1) {
		if !slices.Contains(left, found[1]) {
			t.Errorf("%s: the legend has %s, the query leaves %v", where, found[1], left)
		}
	}
	if n := len(left) - boolInt(slices.Contains(left, "le")); n > 0 && legend == "" {
		t.Errorf("%s: the query leaves %v, and there is no legend", where, left)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
