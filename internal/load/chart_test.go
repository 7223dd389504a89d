package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wellFormed reads the picture to its end and returns its elements.
func wellFormed(t *testing.T, picture []byte) (elements []xml.StartElement) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(picture))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the SVG is no XML: %v\n%s", err, picture)
		}
		if e, ok := token.(xml.StartElement); ok {
			elements = append(elements, e.Copy())
		}
	}
	if len(elements) == 0 || elements[0].Name.Local != "svg" || elements[0].Name.Space != "http://www.w3.org/2000/svg" {
		t.Errorf("the root is not svg:\n%s", picture)
	}
	return elements
}

func TestChartStaysWithinItsFrame(t *testing.T) {
	one, several := newKind("one", 1), newKind("<several> & more", 1)
	one.latency.Add(time.Millisecond)
	for d := time.Nanosecond; d < 10*time.Second; d = d*3/2 + 1 {
		several.latency.Add(d)
	}
	for _, kinds := range [][]*kind{{newKind("none", 1)}, {one}, {one, several}} {
		picture := chart(kinds)
		for _, e := range wellFormed(t, picture) {
			for _, a := range e.Attr {
				v, err := strconv.ParseFloat(a.Value, 64)
				if err != nil {
					continue // a colour, a font
				}
				if strings.HasPrefix(a.Name.Local, "x") && (v < 0 || v > plotWidth+2) ||
					strings.HasPrefix(a.Name.Local, "y") && (v < -margin || v > plotHeight+margin) ||
					a.Name.Local == "width" && v < 0 || a.Name.Local == "height" && v < 0 || v != v {
					t.Errorf("%s has %s=%s", e.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
	if picture := chart([]*kind{several}); !bytes.Contains(picture, []byte("&lt;several&gt; &amp; more")) {
		t.Errorf("the title is not escaped:\n%s", picture)
	}
}
