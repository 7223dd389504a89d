package wxotel

import (
	"maps"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/wxsession/wxsession/core"
)

// labels are a series in the forms in which the instruments and the tracer take
// it, made once.
type labels struct {
	record []metric.RecordOption
	add    []metric.AddOption

	span    string
	start   []trace.SpanStartOption
	outcome []attribute.KeyValue
	fault   bool
}

// labeller keeps the labels of each series that has occurred. As series are folded
// there are some hundreds at most.
type labeller struct {
	words  vocabularies
	system string

	mu   sync.Mutex                         // of writers
	made atomic.Pointer[map[series]*labels] // never modified
}

func newLabeller(system string) *labeller {
	l := &labeller{words: newVocabularies(), system: system}
	l.made.Store(&map[series]*labels{})
	return l
}

// of looks for the series as it is first: mostly it need not be folded.
func (l *labeller) of(s series) *labels {
	if found := (*l.made.Load())[s]; found != nil {
		return found
	}
	s = l.words.fold(s)
	if found := (*l.made.Load())[s]; found != nil {
		return found
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	more := maps.Clone(*l.made.Load())
	more[s] = l.newLabels(s)
	l.made.Store(&more)
	return more[s]
}

func (l *labeller) newLabels(s series) *labels {
	subject, outcome := s.subject(l.system), s.outcome()
	set := metric.WithAttributeSet(attribute.NewSet(append(subject[:len(subject):len(subject)], outcome...)...))
	return &labels{
		record: []metric.RecordOption{set}, add: []metric.AddOption{set},
		span: s.spanName(), outcome: outcome, fault: s.isFault(),
		start: []trace.SpanStartOption{trace.WithSpanKind(l.spanKind(s)), trace.WithAttributes(subject...)},
	}
}

// spanKind is a client's for what goes over the network.
func (l *labeller) spanKind(s series) trace.SpanKind {
	if s.kind == core.KindWeChat || s.kind == core.KindStore && l.system != systemMemory {
		return trace.SpanKindClient
	}
	return trace.SpanKindInternal
}
