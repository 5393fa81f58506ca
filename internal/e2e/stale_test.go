package e2e

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/rewrite"
)

// TestStaleProgram: when what is in force cannot be confirmed any more, log-ins, statements, prepared statements and portals are refused (57P03), in
// sessions that are open too. Once it is confirmed again the same sessions go on.
func TestStaleProgram(t *testing.T) {
	noticeSources(t)
	p := inProcess(t)
	p.publisher.Fresh().Until("state", time.Now().Add(time.Hour))
	c := call(t, &p.instance, people()[0])
	const count = "SELECT count(*) FROM nation"
	c.is(count, "25")
	if _, err := c.conn.Prepare(t.Context(), "kept", count, nil); err != nil {
		t.Fatal(err)
	}
	prepared := func() error { return c.conn.ExecPrepared(t.Context(), "kept", nil, nil, nil).Read().Err }
	portal := p.open(t, people()[0], openPortal)

	p.publisher.Fresh().Until("state", time.Now().Add(200*time.Millisecond))
	if err := prepared(); err != nil {
		t.Errorf("before the bound: %v", err)
	}
	time.Sleep(250 * time.Millisecond)
	for _, sql := range []string{count, "SELECT 1", "SHOW server_version", "SET application_name = 'x'"} {
		c.refused(sql, "57P03")
	}
	if err := prepared(); sqlState(err) != "57P03" {
		t.Errorf("prepared: %v", err)
	}
	if err := portal.next(); sqlState(err) != "57P03" {
		t.Errorf("an open portal: %v", err)
	}
	if _, err := pgconn.Connect(t.Context(), dsn(&p.instance, people()[1], "sslmode=disable")); sqlState(err) != "57P03" {
		t.Errorf("a log-in: %v", err)
	}

	p.publisher.Fresh().Until("state", time.Now().Add(time.Hour))
	c.is(count, "25")
	if err := prepared(); err != nil {
		t.Errorf("prepared, confirmed again: %v", err)
	}
	call(t, &p.instance, people()[1]).is(count, "25")
}

// directory is what an outside source last said; a test changes it.
type directory struct {
	mu    sync.Mutex
	facts map[string]control.Facts
	now   time.Time
}

func (d *directory) Facts(user string) (control.Facts, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.facts[user]
	return f, ok
}

func (d *directory) say(user string, f control.Facts) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.facts[user] = f
}

func (d *directory) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *directory) sleep(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// TestAgeOfOutsideFacts: what an outside source said of a person serves for as long as each table tolerates. Then statements on the table are refused
// (57P03), in open sessions and by prepared statements too, until the source was asked again. Tables that the person may not see look as ever, and
// who is known from the resources alone is not concerned.
func TestAgeOfOutsideFacts(t *testing.T) {
	noticeSources(t)
	d := &directory{facts: map[string]control.Facts{}, now: time.Now()}
	p := inProcess(t, func(c *control.Config, r *rewrite.Config, x *proxy.Config) {
		c.Outside, c.Now, r.Now, x.Now = d, d.clock, d.clock, d.clock
	})
	p.publish(t, func(text string) string {
		return strings.Replace(text, "name: tpch.public.orders\ntags:", "name: tpch.public.orders\nlatencyTolerance: 30\ntags:", 1)
	})
	const orders, nations, secret = "SELECT count(*) > 0 FROM orders", "SELECT count(*) FROM nation", "SELECT count(*) FROM supplier"
	ann, bob := call(t, &p.instance, people()[0]), call(t, &p.instance, people()[1])
	ann.is(orders, "t")
	d.say("ann", control.Facts{Groups: []string{"others"}, AsOf: d.clock()})
	ann.is(orders, "t")
	if _, err := ann.conn.Prepare(t.Context(), "kept", orders, nil); err != nil {
		t.Fatal(err)
	}
	prepared := func() error { return ann.conn.ExecPrepared(t.Context(), "kept", nil, nil, nil).Read().Err }
	d.sleep(29 * time.Second)
	ann.is(orders, "t")
	d.sleep(time.Second)
	ann.refused(orders, "57P03")
	if err := prepared(); sqlState(err) != "57P03" {
		t.Errorf("prepared: %v", err)
	}
	ann.is(nations, "25")
	ann.refused(secret, "42P01")
	bob.is(orders, "t")
	d.sleep(569 * time.Second)
	ann.is(nations, "25")
	d.sleep(time.Second)
	ann.refused(nations, "57P03")
	ann.refused(secret, "42P01")
	ann.is("SELECT 1", "1")

	d.say("ann", control.Facts{Groups: []string{"others"}, AsOf: d.clock()})
	ann.is(orders, "t")
	if err := prepared(); err != nil {
		t.Errorf("prepared, asked again: %v", err)
	}
	// An answer of which nobody knows how old it is counts for nothing.
	d.say("ann", control.Facts{Groups: []string{"others"}})
	ann.refused(nations, "57P03")
}

// next reads on in the portal.
func (s *openSession) next() error {
	s.send(&pgproto3.Execute{Portal: "open", MaxRows: 3}, &pgproto3.Sync{})
	return s.until("PortalSuspended")
}
