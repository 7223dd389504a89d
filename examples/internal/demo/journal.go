package demo

import (
	"crypto/rand"
	"sync"
	"sync/atomic"
)

// lane is one of those between whom the page draws arrows.
type lane string

const (
	clientLane lane = "client" // the mini program, a browser, curl
	serverLane lane = "server"
	wechatLane lane = "wechat"
	storeLane  lane = "store"
)

// event is one arrow of the page's sequence.
type event struct {
	ID       int64  `json:"id"`
	Exchange int64  `json:"exchange"` // the client's request that it belongs to
	Act      string `json:"act,omitempty"`
	Client   string `json:"client"`

	From  lane   `json:"from"`
	To    lane   `json:"to"`
	Reply bool   `json:"reply,omitempty"` // to what went from To to From before
	Title string `json:"title"`
	// Status is that of HTTP, Code the cause of a failure or how a call to the
	// store ended. Took is in microseconds.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	Took   int64  `json:"took,omitempty"`

	Head  []field `json:"head,omitempty"`
	Body  string  `json:"body,omitempty"`
	Cut   int     `json:"cut,omitempty"` // bytes that Body lacks
	Marks []mark  `json:"marks,omitempty"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// The journal takes two megabytes at most: so many events, each with a body of
// maxText and a head of about the same.
const (
	maxEvents  = 400
	maxText    = 2 << 10
	maxReaders = 32
)

// journal keeps the latest events for those who watch. Without a reader nothing
// is written, so that a server under load pays for none of it.
type journal struct {
	boot    string // tells this process from the one before
	readers atomic.Int32
	count   atomic.Int64 // of exchanges

	mu      sync.Mutex
	events  []event // a ring: ID n is at n % maxEvents
	last    int64
	changes int64         // of the state that the page shows
	wake    chan struct{} // closed when there is something new
	closed  bool
}

func newJournal() *journal {
	return &journal{boot: rand.Text()[:8], events: make([]event, maxEvents), wake: make(chan struct{})}
}

func (j *journal) watched() bool { return j.readers.Load() > 0 }

// enter admits a reader, who has to leave.
func (j *journal) enter() bool {
	if j.readers.Add(1) > maxReaders {
		j.leave()
		return false
	}
	return true
}

func (j *journal) leave() { j.readers.Add(-1) }

func (j *journal) add(e event) {
	if !j.watched() {
		return
	}
	e.clip()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	e.ID = j.last
	j.events[e.ID%maxEvents] = e
	j.announce()
}

// changed tells the readers that the state is another.
func (j *journal) changed() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.changes++
	j.announce()
}

// close ends all readers.
func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.closed {
		j.closed = true
		close(j.wake)
	}
}

// announce needs j.mu.
func (j *journal) announce() {
	if j.closed {
		return
	}
	close(j.wake)
	j.wake = make(chan struct{})
}

// news is what a reader has not seen yet.
type news struct {
	events  []event // those that are gone already are missing
	last    int64
	changes int64
	more    <-chan struct{} // closed when there is more
	closed  bool
}

// since returns the news after the event of that ID; a negative one stands for
// the latest.
func (j *journal) since(id int64) news {
	j.mu.Lock()
	defer j.mu.Unlock()
	if id < 0 || id > j.last {
		id = j.last
	}
	n := news{last: j.last, changes: j.changes, more: j.wake, closed: j.closed}
	for id = max(id, j.last-maxEvents) + 1; id <= j.last; id++ {
		n.events = append(n.events, j.events[id%maxEvents])
	}
	return n
}

func (e *event) clip() {
	if len(e.Body) > maxText {
		e.Cut += len(e.Body) - maxText
		e.Body = e.Body[:maxText]
	}
	for i := range e.Head {
		f := &e.Head[i]
		f.Value = f.Value[:min(len(f.Value), maxText/4)]
	}
}
