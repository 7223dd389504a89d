package wxotel_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/wxotel"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/trace/noop"
)

// constants returns the texts of a package's constants whose names begin so.
func constants(t *testing.T, folder, prefix string) (texts []string) {
	t.Helper()
	walk(t, folder, func(n ast.Node) {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) || len(spec.Values) != 1 {
			return
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			texts = append(texts, unquote(t, lit))
		}
	})
	return texts
}

func walk(t *testing.T, folder string, visit func(ast.Node)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool { visit(n); return true })
	}
}

func unquote(t *testing.T, lit *ast.BasicLit) string {
	t.Helper()
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// endpoints returns the paths that core/wxapi asks for.
func endpoints(t *testing.T) (paths []string) {
	t.Helper()
	walk(t, "core/wxapi", func(n ast.Node) {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if path := unquote(t, lit); strings.Count(path, "/") >= 2 && path[0] == '/' {
				paths = append(paths, path)
			}
		}
	})
	return paths
}

// errcodes returns those that core/wxapi knows.
func errcodes(t *testing.T) (known []int) {
	t.Helper()
	walk(t, "core/wxapi", func(n ast.Node) {
		f, ok := n.(*ast.FuncDecl)
		if !ok || f.Name.Name != "kindOf" {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.INT {
				code, _ := strconv.Atoi(lit.Value)
				known = append(known, code)
			}
			return true
		})
	})
	return known
}

// observed returns an observer and a look at its series.
func observed(t *testing.T) (*wxotel.Observer, func() map[string]int64) {
	t.Helper()
	w := &world{t: t, reader: sdkmetric.NewManualReader()}
	o, err := wxotel.New(wxotel.Options{
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.reader), sdkmetric.WithCardinalityLimit(0)),
		TracerProvider: noop.NewTracerProvider(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return o, w.values
}

// tell begins and ends an event.
func tell(t *testing.T, o core.Observer, e core.Event) {
	t.Helper()
	o.End(o.Begin(t.Context(), core.Event{Kind: e.Kind, Name: e.Name}), e)
}

func TestEveryWordOfCoreIsALabel(t *testing.T) {
	for _, c := range []struct {
		what  string
		words []string
		least int
		event func(word string) core.Event
		label string
	}{
		{"codes", constants(t, "core", "Code"), 20, func(w string) core.Event {
			return core.Event{Kind: core.KindOperation, Name: core.OpLogin, Code: core.Code(w)}
		}, "error.type="},
		{"reasons", constants(t, "core", "Reason"), 11, func(w string) core.Event {
			return core.Event{Kind: core.KindMoment, Name: core.MomentEnded, Reason: core.Reason(w)}
		}, "wxsession.reason="},
		{"operations", constants(t, "core", "Op"), 13, func(w string) core.Event { return core.Event{Kind: core.KindOperation, Name: w} }, "wxsession.operation="},
		{"endpoints", endpoints(t), 12, func(w string) core.Event { return core.Event{Kind: core.KindWeChat, Name: w} }, "url.template="},
		{"verbs", []string{"get", "near", "swap", "delete"}, 4, func(w string) core.Event { return core.Event{Kind: core.KindStore, Name: w} }, "db.operation.name="},
	} {
		if len(c.words) < c.least {
			t.Errorf("core has %d %s, at least %d were there once", len(c.words), c.what, c.least)
		}
		o, values := observed(t)
		for _, word := range c.words {
			tell(t, o, c.event(word))
		}
		all := fmt.Sprint(values())
		for _, word := range c.words {
			if !strings.Contains(all, c.label+word+" ") && !strings.Contains(all, c.label+word+"}") {
				t.Errorf("%s: %q is no label", c.what, word)
			}
		}
	}
	o, values := observed(t)
	known := errcodes(t)
	if len(known) < 40 {
		t.Fatalf("wxapi knows %d errcodes", len(known))
	}
	for _, errcode := range known {
		tell(t, o, core.Event{Kind: core.KindWeChat, Name: code2Session, ErrCode: errcode})
	}
	if all := fmt.Sprint(values()); strings.Contains(all, "errcode=other") {
		t.Errorf("an errcode that wxapi knows is no label: %s", all)
	}
}

func TestLabelsAreBoundedWhateverComes(t *testing.T) {
	o, values := observed(t)
	for i := range 5000 {
		junk := fmt.Sprint("o-junk", i)
		for _, e := range []core.Event{
			{Kind: core.KindOperation, Name: core.OpLogin, Code: core.Code(junk)},
			{Kind: core.KindOperation, Name: junk, Reason: core.Reason(junk)},
			{Kind: core.KindStore, Name: junk}, {Kind: core.KindStore, Name: "get", Code: core.Code(junk)},
			{Kind: core.KindWeChat, Name: "/" + junk}, {Kind: core.KindWeChat, Name: code2Session, ErrCode: 100_000 + i},
			{Kind: core.KindMoment, Name: core.MomentRefused, Code: core.Code(junk), Status: i - 1000},
			{Kind: core.KindMoment, Name: core.MomentEnded, Reason: core.Reason(junk)},
			{Kind: core.KindMoment, Name: junk}, {Kind: core.EventKind(junk), Name: junk, Duration: time.Duration(i)},
		} {
			tell(t, o, e)
		}
	}
	found := values()
	if kept := o.Series(); len(found) > 60 || kept > 80 { // most are statuses
		t.Errorf("there are %d series, and %d are kept", len(found), kept)
	}
	for name := range found {
		if strings.Contains(name, "junk") {
			t.Errorf("a label is what somebody has made up: %s", name)
		}
	}
	wantAll(t, "all", found, "wxsession.operation.duration{error.type=other wxsession.operation=login}",
		"wxsession.wechat.call.duration{url.template=other}", "wxsession.sessions.ended{wxsession.reason=other}")
}
