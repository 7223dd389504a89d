package main

import (
	"os"
	"strings"
	"testing"
)

// TestMain lets the test binary be the command too, which starts itself anew
// for each experiment.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestQuickRunMeasuresEveryTarget(t *testing.T) {
	var out, progress strings.Builder
	if err := run(t.Context(), []string{"-quick"}, &out, &progress); err != nil {
		t.Fatal(err)
	}
	table := out.String()
	for _, e := range experiments() {
		if missing := e.missing(); missing != "" {
			if os.Getenv("WX_TEST_SERVERS") == "required" {
				t.Errorf("%s is not installed, and WX_TEST_SERVERS=required", missing)
			}
			t.Logf("%s is not installed: %s is not measured", missing, e.name)
			continue
		}
		for target := range strings.SplitSeq(e.target, ",") {
			if !strings.Contains(table, "\n| "+target+" | ") {
				t.Errorf("%s: the table has no line for target %s", e.name, target)
			}
		}
	}
	if strings.Contains(table, "failed") || !strings.Contains(table, "Machine: ") {
		t.Errorf("the run is not complete:\n%s\n%s", table, progress.String())
	}
}

func TestUnknownTargetIsRefused(t *testing.T) {
	if err := run(t.Context(), []string{"-only", "19"}, &strings.Builder{}, &strings.Builder{}); err == nil {
		t.Error("target 19 is accepted")
	}
	chosen, err := choose("14, 3")
	if err != nil || len(chosen) != 2 || chosen[0].target != "3" || chosen[1].target != "13,14" {
		t.Errorf("targets 14 and 3 choose %v, %v", chosen, err)
	}
}

func TestRatiosArePairedByRound(t *testing.T) {
	ns := times{{1, 2}, {100, 200}, {7, 7}} // the machine was slow in the second round
	if got := ns.ratio(func(ns []float64) float64 { return ns[0] / ns[1] }); got != 0.5 {
		t.Errorf("the ratio is %v, want the median of 0.5, 0.5 and 1", got)
	}
	if got := ns.of(0); got != 7 {
		t.Errorf("the median of the first side is %v, want 7", got)
	}
}

func TestRowsSayWhetherTheTargetIsMet(t *testing.T) {
	for _, c := range []struct {
		row  Row
		want string
	}{
		{atMost("1", "", 0.05, 1.0/15, ""), "| 1 |  | 1/20 | ≤ 1/15 | yes |  |"},
		{atMost("4", "", 2, 2, ""), "| 4 |  | 2 | ≤ 2 | yes |  |"},
		{atMost("3", "", 2.01, 2, ""), "| 3 |  | 2.01 | ≤ 2 | no |  |"},
		{atMost("11", "", 0.02, 5, ""), "| 11 |  | 0.02 | ≤ 5 | yes |  |"},
		{atLeast("16", "", 1.7, 1.8, ""), "| 16 |  | 1.70 | ≥ 1.80 | no |  |"},
		{atLeast("16", "", 1.95, 1.8, ""), "| 16 |  | 1.95 | ≥ 1.80 | yes |  |"},
		{forInformation("9", "", 3, "x"), "| 9 |  | 3 | – | – | x |"},
		{Row{Target: "9", Note: "memcached is not installed"}, "| 9 |  | – | – | – | memcached is not installed |"},
	} {
		var out strings.Builder
		printTable(&out, []Row{c.row})
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("the row %+v is printed as\n%s, want %s", c.row, out.String(), c.want)
		}
	}
}
