package rewrite

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/posternsql/postern/policy"
)

// cacheKey is all that a result depends on. It holds the program itself: two programs can never be taken for one another.
type cacheKey struct {
	program   *policy.Program
	principal string
	database  string
	path      string
	params    string
	single    bool
	settled   bool
	// made counts what the person made and dropped in sandboxes.
	made uint64
	sql  string
}

func newCacheKey(req *Request) cacheKey {
	k := cacheKey{
		program: req.Program, principal: req.Principal.Key(), database: req.Database,
		single: req.Single, settled: req.PathSettled, sql: req.SQL,
	}
	if len(req.SearchPath) == 1 {
		k.path = req.SearchPath[0]
	} else {
		// No identifier holds a zero byte.
		k.path = strings.Join(req.SearchPath, "\x00")
	}
	if len(req.ParamTypes) > 0 {
		b := make([]byte, 0, 4*len(req.ParamTypes))
		for _, oid := range req.ParamTypes {
			b = binary.BigEndian.AppendUint32(b, oid)
		}
		k.params = string(b)
	}
	return k
}

// cached is one entry.
type cached struct {
	result *Result
	size   int64
}

// cache keeps results by exact text. An entry belongs to one person.
type cache struct {
	entries *lru.Cache[cacheKey, *cached]
	now     func() time.Time
	most    int64
	bytes   atomic.Int64

	mu     sync.Mutex
	newest map[string]uint64 // version of the newest program seen, per connection
}

// newCache returns nil if there shall be no cache; a nil cache is always empty.
func newCache(c Config) (*cache, error) {
	if c.CacheEntries < 0 {
		return nil, nil
	}
	out := &cache{now: c.Now, most: int64(c.CacheBytes), newest: map[string]uint64{}}
	entries, err := lru.NewWithEvict(c.CacheEntries, func(_ cacheKey, e *cached) { out.bytes.Add(-e.size) })
	if err != nil {
		return nil, fmt.Errorf("making the cache of statements: %w", err)
	}
	out.entries = entries
	return out, nil
}

func (c *cache) get(key cacheKey) *Result {
	if c == nil {
		return nil
	}
	e, ok := c.entries.Get(key)
	if !ok || !e.result.ValidUntil.IsZero() && !c.now().Before(e.result.ValidUntil) {
		return nil
	}
	return e.result
}

func (c *cache) add(key cacheKey, result *Result) {
	if c == nil {
		return
	}
	size := int64(len(key.sql) + len(key.path) + len(key.params) + 512)
	for i := range result.Statements {
		size += int64(len(result.Statements[i].SQL) + 8*len(result.Statements[i].Places) + 1024)
	}
	if size > c.most/8 {
		return
	}
	c.forgetOlder(key.program)
	hit := *result
	hit.Cached = true
	e := &cached{result: &hit, size: size}
	if old, ok := c.entries.Peek(key); ok {
		c.bytes.Add(-old.size)
	}
	c.bytes.Add(size)
	c.entries.Add(key, e)
	for c.bytes.Load() > c.most {
		if _, _, ok := c.entries.RemoveOldest(); !ok {
			return
		}
	}
}

// forgetOlder empties the cache when a newer program comes, so that it does not keep old ones alive.
func (c *cache) forgetOlder(p *policy.Program) {
	connection := p.Snapshot().Connection()
	c.mu.Lock()
	newest := c.newest[connection]
	c.newest[connection] = max(newest, p.Version())
	c.mu.Unlock()
	if newest != 0 && p.Version() > newest {
		c.entries.Purge()
	}
}
