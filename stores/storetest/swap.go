package storetest

import "time"

func swapNilOnlyCreates(s *suite) {
	st := s.open()
	s.create(st, "s:k", "first")
	s.wantConflict(st, "s:k", nil, []byte("second"), time.Hour)
	s.wantValue(st, "s:k", "first")
	s.wantConflict(st, "s:k", nil, []byte("first"), time.Hour)
	s.wantValue(st, "s:k", "first")
	s.delete(st, "s:k")
	s.create(st, "s:k", "third")
	s.wantValue(st, "s:k", "third")
}

func swapStaleConflicts(s *suite) {
	st := s.open()
	s.create(st, "s:k", "1")
	s.swap(st, "s:k", []byte("1"), []byte("2"), time.Hour)
	s.wantConflict(st, "s:k", []byte("1"), []byte("3"), time.Hour)
	s.wantValue(st, "s:k", "2")
	s.wantConflict(st, "s:k", []byte("1"), []byte("2"), time.Hour)
	s.wantConflict(st, "s:missing", []byte("1"), []byte("2"), time.Hour)
	s.wantMissing(st, "s:missing")
}

func swapComparesEveryByte(s *suite) {
	st := s.open()
	s.create(st, "s:k", "value")
	for _, old := range []string{"", "valu", "value ", "Value", "valuE", "value\x00"} {
		s.wantConflict(st, "s:k", []byte(old), []byte("new"), time.Hour)
	}
	s.wantValue(st, "s:k", "value")
	s.swap(st, "s:k", []byte("value"), []byte("value"), time.Hour)
	s.wantValue(st, "s:k", "value")
}

// swapAfterDeleteConflicts: a request in flight must not undo a logout.
func swapAfterDeleteConflicts(s *suite) {
	a, b := s.pair()
	s.create(a, "s:k", "v")
	s.wantValue(b, "s:k", "v")
	s.delete(a, "s:k")
	s.wantConflict(b, "s:k", []byte("v"), []byte("renewed"), time.Hour)
	s.wantConflict(a, "s:k", []byte("v"), []byte("renewed"), time.Hour)
	s.wantMissing(a, "s:k")
	s.wantMissing(b, "s:k")
}

func deleteMissingIsNil(s *suite) {
	st := s.open()
	s.delete(st, "s:never-stored")
	s.create(st, "s:k", "v")
	s.delete(st, "s:k")
	s.delete(st, "s:k")
	s.wantMissing(st, "s:k")
}
