package demo

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// heartbeat shows a stream whose reader has gone without a word.
const heartbeat = 15 * time.Second

// serveEvents streams the state and the events as they happen (server-sent
// events). A reader that was away says after which event it goes on, with
// ?after=boot-id; what the journal still has is made up for.
func (s *simulation) serveEvents(w http.ResponseWriter, r *http.Request) {
	j := s.tap.journal
	if !j.enter() {
		http.Error(w, "too many pages watch this server", http.StatusServiceUnavailable)
		return
	}
	defer j.leave()
	out := http.NewResponseController(w)
	// ReadTimeout is meant for requests, and would end the stream.
	if err := out.SetReadDeadline(time.Time{}); err != nil {
		http.Error(w, "this server cannot stream", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	n := j.since(j.resume(r.URL.Query().Get("after")))
	changes := int64(-1)
	for !n.closed {
		if n.changes != changes {
			writeEvent(w, "state", "", s.state())
			changes = n.changes
		}
		for _, e := range n.events {
			writeEvent(w, "arrow", fmt.Sprintf("%s-%d", j.boot, e.ID), e)
		}
		if out.Flush() != nil {
			return
		}
		select {
		case <-n.more:
		case <-beat.C:
			fmt.Fprint(w, ": still here\n\n")
		case <-r.Context().Done():
			return
		}
		n = j.since(n.last)
	}
}

// resume reads the place that a reader has got to; -1 for one that begins, or
// comes from the process before.
func (j *journal) resume(after string) int64 {
	rest, found := strings.CutPrefix(after, j.boot+"-")
	id, err := strconv.ParseInt(rest, 10, 64)
	if !found || err != nil {
		return -1
	}
	return max(id, 0)
}

// writeEvent fails where Flush will fail too.
func writeEvent(w http.ResponseWriter, name, id string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return // events are texts and numbers
	}
	if id != "" {
		id = "id: " + id + "\n"
	}
	fmt.Fprintf(w, "event: %s\n%sdata: %s\n\n", name, id, data)
}
