package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
)

// dashboard is what matters of docs/grafana.json here.
type dashboard struct {
	Title         string
	UID           string
	SchemaVersion int
	Templating    struct{ List []variable }
	Panels        []panel
}

type variable struct {
	Name, Type string
	Datasource datasource
	Definition string
	Query      json.RawMessage
}

type datasource struct{ Type, UID string }

type panel struct {
	ID          int
	Type, Title string
	Description string
	Datasource  datasource
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		RefID, Expr, LegendFormat string
		Datasource                datasource
	}
	FieldConfig struct{ Defaults struct{ Unit string } }
	Panels      []panel
}

const chosen = "${datasource}" // by the variable

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Panels) < 25 || d.Title == "" || d.UID == "" || d.SchemaVersion < 39 {
		t.Fatalf("it has %d panels, the title %q, the uid %q and the schema %d", len(d.Panels), d.Title, d.UID, d.SchemaVersion)
	}
	return d
}

func TestTheDashboardCanBeImported(t *testing.T) {
	d := readDashboard(t)
	if v := d.Templating.List[0]; v.Name != "datasource" || v.Type != "datasource" || string(v.Query) != `"prometheus"` {
		t.Errorf("the first variable is %+v, want the data source", v)
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 || p.Title == "" {
			t.Errorf("panel %d, %q: the id is not its own, or there is no title", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies on %q, or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if len(p.Panels) > 0 || p.Type == "row" {
			continue
		}
		if p.Datasource != (datasource{"prometheus", chosen}) || len(p.Targets) == 0 || p.FieldConfig.Defaults.Unit == "" || p.Description == "" {
			t.Errorf("%q has the data source %v, %d queries, the unit %q, the description %q", p.Title, p.Datasource, len(p.Targets), p.FieldConfig.Defaults.Unit, p.Description)
		}
		for _, q := range p.Targets {
			if q.Datasource != p.Datasource || q.RefID == "" {
				t.Errorf("%q: query %q has the data source %v", p.Title, q.RefID, q.Datasource)
			}
		}
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// checkDashboard checks every query against what the example exposes.
func checkDashboard(t *testing.T, s scrape) {
	d := readDashboard(t)
	queries := 0
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			queries++
			s.checkQuery(t, p.Title, q.Expr)
			checkLegend(t, p.Title, q.LegendFormat, q.Expr)
			for _, filter := range []string{`job=~"$job"`, `instance=~"$instance"`} {
				if !strings.Contains(q.Expr, filter) {
					t.Errorf("%s: the query does not filter by %s", p.Title, filter)
				}
			}
		}
	}
	if queries < 30 {
		t.Errorf("there are %d queries", queries)
	}
	for _, v := range d.Templating.List[1:] {
		parts := labelValues.FindStringSubmatch(v.Definition)
		if parts == nil || !ofTarget[parts[2]] || v.Datasource.UID != chosen || !strings.Contains(string(v.Query), "label_values") {
			t.Errorf("the variable %s is %q of %q", v.Name, v.Definition, v.Datasource.UID)
			continue
		}
		s.checkQuery(t, v.Name, parts[1])
	}
}

var (
	panelName = regexp.MustCompile(`"([^"]+)"`)
	logLine   = regexp.MustCompile("`([^`]+)`")
)

// checkTexts checks that what a description names is there: panels in quotation
// marks, lines of the log in back quotes.
func checkTexts(t *testing.T, alert, text string) {
	panels := map[string]bool{}
	for _, p := range readDashboard(t).Panels {
		panels[p.Title] = true
	}
	for _, named := range panelName.FindAllStringSubmatch(text, -1) {
		if !panels[named[1]] {
			t.Errorf("%s names the panel %q, which is not there", alert, named[1])
		}
	}
	for _, named := range logLine.FindAllStringSubmatch(text, -1) {
		// What to do may follow, after a colon.
		if source := coreSource(t); !strings.Contains(source, `"`+named[1]+`"`) && !strings.Contains(source, `"`+named[1]+`: `) {
			t.Errorf("%s names the log's line %q, which core does not write", alert, named[1])
		}
	}
}

func coreSource(t *testing.T) (text string) {
	files, err := filepath.Glob("../../core/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
	}
	return text
}

// checkAlerts checks every rule, its texts included.
func checkAlerts(t *testing.T, s scrape) {
	groups, errs := rulefmt.ParseFile("../../docs/alerts.yml", false, model.LegacyValidation, promQL, slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	rules := 0
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			rules++
			s.checkQuery(t, r.Alert, r.Expr)
			what, todo := r.Annotations["summary"], r.Annotations["description"]
			if r.Labels["severity"] == "" || what == "" || len(todo) < 80 {
				t.Errorf("%s: severity %q, summary %q, description %q", r.Alert, r.Labels["severity"], what, todo)
			}
			checkTexts(t, r.Alert, todo)
		}
	}
	if rules < 6 {
		t.Errorf("there are %d rules", rules)
	}
}
