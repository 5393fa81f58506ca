package lambda

import (
	"context"
	"errors"
	"sync"
	"time"
)

// accessCache keeps the access document for a short while.
type accessCache struct {
	read  func(context.Context) ([]byte, error)
	now   func() time.Time
	fresh time.Duration
	stale time.Duration

	mu     sync.Mutex
	access *Access
	// asOf is when reading what is kept began; next is when it is read again.
	asOf, next time.Time
}

// errAccess is told to the cluster: nobody knows at the moment who may.
var errAccess = errors.New("it cannot be confirmed at the moment who may call this function")

// get returns the document. One that cannot be read again serves until it is stale; an older version never takes the place of a newer one.
func (c *accessCache) get(ctx context.Context) (*Access, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.access != nil && now.Before(c.next) {
		return c.access, nil
	}
	document, err := c.read(ctx)
	var read *Access
	if err == nil {
		read, err = ParseAccess(document)
	}
	if err == nil && c.access != nil && read.Version < c.access.Version {
		err = errors.New("the access document is older than the one in force")
	}
	if err == nil {
		c.access, c.asOf, c.next = read, now, now.Add(c.fresh)
		return read, nil
	}
	c.next = now.Add(min(c.fresh, time.Second))
	if c.access == nil || now.Sub(c.asOf) >= c.stale {
		return nil, errors.Join(errAccess, err)
	}
	return c.access, nil
}
