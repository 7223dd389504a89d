package core

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestLoginsFindPlacesWhileAllElseIsSlow: strangers can have images drawn, and would
// hold all places.
func TestLoginsFindPlacesWhileAllElseIsSlow(t *testing.T) {
	for _, n := range []int{4, 7, 256} {
		synctest.Test(t, func(t *testing.T) {
			p := newPlaces(n)
			for kind := range callKinds {
				if kind == exchangeCalls {
					continue
				}
				held := 0
				for range n {
					go func() {
						if p.take(t.Context(), kind) == nil {
							held++
						}
					}()
					synctest.Wait()
				}
				time.Sleep(2 * exchangePatient)
				if held != n/4 {
					t.Errorf("of %d places kind %d holds %d", n, kind, held)
				}
			}
			left := 0
			for p.take(t.Context(), exchangeCalls) == nil {
				left++
			}
			if left != n-3*(n/4) {
				t.Errorf("of %d places %d are left for logins", n, left)
			}
		})
	}
}

// TestPlacesAreGivenBack by each kind of call, also by one that found its share but
// no place.
func TestPlacesAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for kind := range callKinds {
			p := newPlaces(1)
			for range 3 {
				if err := p.take(t.Context(), exchangeCalls); err != nil {
					t.Fatal(kind, err)
				}
				began := time.Now()
				if err := p.take(t.Context(), kind); CodeOf(err) != CodeRateLimited || time.Since(began) != exchangePatient {
					t.Errorf("kind %d without a place: %v after %v", kind, err, time.Since(began))
				}
				p.leave(exchangeCalls)
				if err := p.take(t.Context(), kind); err != nil {
					t.Fatal(kind, err)
				}
				p.leave(kind)
			}
		}
	})
}
