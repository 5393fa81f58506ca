package direct

import (
	"sync"
	"time"
)

// maxVersions bounds the publications that are remembered.
const maxVersions = 1024

// Versions remember from when on which version of the policies was in force. The zero value knows of none. It is safe for concurrent use.
type Versions struct {
	mu   sync.Mutex
	list []inForce
}

type inForce struct {
	version uint64
	since   time.Time
}

// Note says that a version is in force from an instant on. Instants are given in order.
func (v *Versions) Note(version uint64, since time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := len(v.list); n > 0 && v.list[n-1].version == version {
		return
	}
	v.list = append(v.list, inForce{version, since})
	if len(v.list) > maxVersions {
		v.list = v.list[1:]
	}
}

// At is the version in force at an instant; false where it was not noted, or one between two that were may have been.
func (v *Versions) At(at time.Time) (version uint64, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := len(v.list) - 1; i >= 0; i-- {
		if at.Before(v.list[i].since) {
			continue
		}
		last := i == len(v.list)-1
		return v.list[i].version, last || v.list[i+1].version == v.list[i].version+1
	}
	return 0, false
}
