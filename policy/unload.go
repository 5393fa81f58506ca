package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/posternsql/postern/identity"
)

// Unload says where a subscription policy with access: unload lets people write what they see of its sources.
type Unload struct {
	// To are folders of S3, `s3://bucket/folder`.
	To []string `yaml:"to"`
	// Overwrite lets them overwrite and remove files there.
	Overwrite bool `yaml:"overwrite"`
}

// UnloadSettings are what a warehouse needs to write to S3. The zero value lets nobody.
type UnloadSettings struct {
	// Role is what the warehouse assumes: "default", or the ARNs of roles with commas between them.
	Role string
	// Key is the KMS key with which files are encrypted: its id or ARN, "auto" for the bucket's own, "" for S3's.
	Key string
}

// Unloading is a place to which a person may unload a source.
type Unloading struct {
	To S3Folder
	// Overwrite lets the person overwrite and remove files there.
	Overwrite bool
	// Policy that says so.
	Policy string
}

// Unload returns what the program's warehouse needs to write to S3.
func (p *Program) Unload() UnloadSettings { return p.unload }

// UnloadTo reports whether the person may unload the source to a destination, overwriting or removing files where overwrite is set, and by which policy.
func (d *Decision) UnloadTo(destination string, overwrite bool) (policy string, ok bool) {
	if !d.Allowed || d.UnloadBarred {
		return "", false
	}
	for _, u := range d.Unloads {
		if u.To.Holds(destination) && (u.Overwrite || !overwrite) {
			return u.Policy, true
		}
	}
	return "", false
}

// maxUnloadFolders bounds the folders of one policy.
const maxUnloadFolders = 100

// unloading checks what a policy says of unloading; nil where it says nothing that holds.
func (c *compiler) unloading(s SubscriptionPolicy, report Problem) (out []Unloading) {
	refuse := func(format string, args ...any) {
		report.Message = fmt.Sprintf(format, args...)
		c.problem(report)
	}
	switch {
	case s.Access != AccessUnload && s.Unload != nil:
		refuse("`unload` is of access: unload")
		return nil
	case s.Access != AccessUnload:
		return nil
	case s.Effect == SubscriptionGuardrail:
		if s.Unload != nil {
			refuse("a guardrail says who may unload at all; `unload` is of grants")
		}
		return nil
	case s.Unload == nil || len(s.Unload.To) == 0 || len(s.Unload.To) > maxUnloadFolders:
		refuse("unload.to names 1 to %d folders such as s3://bucket/folder", maxUnloadFolders)
		return nil
	}
	for _, text := range s.Unload.To {
		folder, err := ParseS3Folder(text)
		if err != nil {
			refuse("unload.to: %q: %s", text, err)
			continue
		}
		out = append(out, Unloading{folder, s.Unload.Overwrite, s.Name})
	}
	if c.in.Unload.Role == "" && !s.Staged {
		report.Message = "nobody can unload from connection " + c.in.Snapshot.Connection() + ": it has no unload.role"
		c.warn(report)
	}
	return out
}

// unloadsOf fills in where the person may unload the source to: guardrails on unloading, of which every one must hold, take all of it away.
func (t *tableProgram) unloadsOf(p identity.Principal, at time.Time, d *Decision) {
	for _, g := range t.unloadGuards {
		ok, _, until := g.who.has(p, at)
		d.ValidUntil = sooner(d.ValidUntil, until)
		d.UnloadBarred = d.UnloadBarred || !ok
	}
	for _, g := range t.unloads {
		ok, _, until := g.lets(p, at)
		d.ValidUntil = sooner(d.ValidUntil, until)
		if ok && !d.UnloadBarred {
			d.Unloads = append(d.Unloads, g.unloads...)
		}
	}
}

// bothUnload are the places to which either decision lets its person unload.
func bothUnload(a, b []Unloading) (out []Unloading) {
	for _, x := range a {
		for _, y := range b {
			narrow := x
			switch {
			case x.To.within(y.To):
			case y.To.within(x.To):
				narrow.To = y.To
			default:
				continue
			}
			narrow.Overwrite = x.Overwrite && y.Overwrite
			if !slices.Contains(out, narrow) {
				out = append(out, narrow)
			}
		}
	}
	return out
}
