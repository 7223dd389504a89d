package core

import "slices"

// nearModel is what a near cache may answer at most: by key, every version that
// its instance has read, since it last wrote the key. Whether such an answer is
// given is up to the scheduler. Nil: there is no cache.
type nearModel map[string][]nearVersion

type nearVersion struct {
	value []byte
	name  uint64 // what stands for it
	until int64  // when another one took its place; 0: none has
}

// staleFor is how long a near cache may show what is no more, in milliseconds.
const staleFor = 1000

func (m nearModel) add(key string, value []byte, name uint64) {
	if m == nil || !isSessionRecord(key) {
		return
	}
	m[key] = append(m.without(key, name), nearVersion{value: value, name: name})
}

// without returns the versions of key but one: what was read again is as new as
// at the first time.
func (m nearModel) without(key string, name uint64) []nearVersion {
	return slices.DeleteFunc(slices.Clone(m[key]), func(v nearVersion) bool { return v.name == name })
}

// replaced notes that what stood under key has been replaced at now.
func (m nearModel) replaced(key string, now int64) {
	for i := range m[key] {
		if m[key][i].until == 0 {
			m[key][i].until = now
		}
	}
}

// stale counts the versions of key that may still be shown at now. They come
// before the one that is there, which is the last.
func (m nearModel) stale(key string, now int64) int {
	m[key] = slices.DeleteFunc(m[key], func(v nearVersion) bool { return v.until != 0 && now-v.until > staleFor })
	n := 0
	for _, v := range m[key] {
		if v.until != 0 {
			n++
		}
	}
	return n
}

// remembered is what every instance has read before a run: all sessions.
func (s *scheduler) remembered() nearModel {
	if !s.set.stale {
		return nil
	}
	m := nearModel{}
	for key, item := range s.items {
		m.add(key, item.value, s.versions[key])
	}
	return m
}

// hash stands for m in fingerprints.
func (m nearModel) hash(names map[string]uint64) (sum uint64) {
	type version struct {
		key, name uint64
		until     int64
	}
	for key, versions := range m {
		for _, v := range versions {
			sum += hashOf(version{names[key], v.name, v.until})
		}
	}
	return sum
}
