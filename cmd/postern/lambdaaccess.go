package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/lambda"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/warehouse/awsauth"
)

// accessPlace is where an access document is kept.
type accessPlace interface {
	// Read is what is there, nothing where there is nothing yet.
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, document []byte) error
}

func placeOf(l resource.ServerLambdaAccess) accessPlace {
	if l.File != "" {
		return accessFile(l.File)
	}
	return awsauth.Document{Region: l.Region, Name: l.Secret}
}

// accessFile is a file, for whatever takes it on from there.
type accessFile string

// Read implements accessPlace.
func (f accessFile) Read(context.Context) ([]byte, error) {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// Write implements accessPlace: a reader has the old file or the new one.
func (f accessFile) Write(_ context.Context, document []byte) error {
	next, err := os.CreateTemp(filepath.Dir(string(f)), ".access-*")
	if err != nil {
		return err
	}
	_, err = next.Write(document)
	if err = errors.Join(err, next.Sync(), next.Close()); err == nil {
		err = os.Rename(next.Name(), string(f))
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return nil
}

// writeAccess writes the document where it is not there yet, and reports whether it did. Its version is larger than that of the one before: a function takes no
// older one, and several servers' clocks need not agree.
func writeAccess(ctx context.Context, place accessPlace, access *lambda.Access, now time.Time) (bool, error) {
	there, err := place.Read(ctx)
	if err != nil {
		return false, err
	}
	access.Version = max(1, now.UnixMilli())
	// What is there and cannot be read is replaced, as no function takes it.
	if old, err := lambda.ParseAccess(there); err == nil {
		same := *access
		same.Version = old.Version
		text, err := same.Document()
		if err != nil {
			return false, err
		}
		if bytes.Equal(text, there) {
			return false, nil
		}
		access.Version = max(access.Version, old.Version+1)
	}
	text, err := access.Document()
	if err != nil {
		return false, err
	}
	return true, place.Write(ctx, text)
}

const (
	// accessLook is how often it is worked out anew, for what ended meanwhile; it is also when what could not be written is tried again.
	accessLook = 5 * time.Second
	// accessTimeout bounds one look with what it writes: a store that does not answer must not keep the others, or what is wrong with it unsaid.
	accessTimeout = 30 * time.Second
	// accessReread is how often it is looked whether what was written still is there.
	accessReread = time.Minute
)

// keptAccess is what is known of one document: as which text it was found or written, but for its version, and when; and what was last said to be wrong.
type keptAccess struct {
	text    []byte
	at      time.Time
	problem string
}

// keepAccess writes the access documents of the Lambda functions at each publication, at each change of a person's project, and when something ends.
func (s *server) keepAccess(ctx context.Context, kept []resource.ServerLambdaAccess) error {
	if len(kept) == 0 {
		return nil
	}
	published, stop := s.publisher.Subscribe()
	defer stop()
	changed, end := s.standings.Subscribe()
	defer end()
	tick := time.NewTicker(accessLook)
	defer tick.Stop()
	known := map[string]*keptAccess{}
	for _, l := range kept {
		known[l.Connection] = &keptAccess{}
	}
	for {
		for _, l := range kept {
			s.keepOneAccess(ctx, l, known[l.Connection])
		}
		select {
		case <-ctx.Done():
			return nil
		case <-published:
		case <-changed:
		case <-tick.C:
		}
	}
}

// keepOneAccess writes one document. While what is in force cannot be confirmed it is left as it is.
func (s *server) keepOneAccess(ctx context.Context, l resource.ServerLambdaAccess, known *keptAccess) {
	g, err := s.publisher.InForce()
	if err != nil {
		return
	}
	within, cancel := context.WithTimeout(ctx, accessTimeout)
	defer cancel()
	wrote, err := known.keep(within, placeOf(l), func(now time.Time) (*lambda.Access, error) { return accessOf(g, l, now) })
	switch {
	case ctx.Err() != nil:
	case err != nil:
		if known.problem != err.Error() {
			s.log.Error("keeping the access document of the Lambda functions", "connection", l.Connection, "error", err)
		}
		known.problem = err.Error()
	default:
		known.problem = ""
		if wrote {
			s.log.Info("wrote the access document of the Lambda functions", "connection", l.Connection)
		}
	}
}

// keep writes the document unless it is known to be there.
func (k *keptAccess) keep(ctx context.Context, place accessPlace, work func(now time.Time) (*lambda.Access, error)) (bool, error) {
	now := time.Now()
	access, err := work(now)
	if err != nil {
		return false, err
	}
	access.Version = 1
	text, err := access.Document()
	if err != nil || bytes.Equal(text, k.text) && now.Sub(k.at) < accessReread {
		return false, err
	}
	wrote, err := writeAccess(ctx, place, access, now)
	if err == nil {
		k.text, k.at = text, now
	}
	return wrote, err
}

// accessOf works out one document of what is in force.
func accessOf(g *control.Generation, l resource.ServerLambdaAccess, now time.Time) (*lambda.Access, error) {
	in, err := accessInput(g.Set(), l)
	if err != nil {
		return nil, err
	}
	var found bool
	if in.Program, found = g.Program(l.Connection); !found {
		return nil, fmt.Errorf("connection %s is not there, or is left out", l.Connection)
	}
	in.Now = now
	for _, p := range g.Pushes() {
		if p.Settings.Connection == l.Connection {
			in.People = pushInput(p).People
		}
	}
	access, _, err := push.LambdaAccess(in)
	return access, err
}

// accessInput is what the resources say of it.
func accessInput(set *resource.Set, l resource.ServerLambdaAccess) (push.LambdaInput, error) {
	r, err := control.Registration(set, l.Connection)
	if err != nil {
		return push.LambdaInput{}, err
	}
	if slices.ContainsFunc(set.Connections, func(c resource.Connection) bool { return c.Name == l.Connection && c.BuiltinMasks() }) {
		return push.LambdaInput{}, fmt.Errorf("connection %s says masks: builtin, and asks no Lambda", l.Connection)
	}
	in := push.LambdaInput{Version: 1, Service: l.Account, Domains: r.Domains, Clusters: l.Clusters, Keys: l.Keys}
	if in.Service == "" {
		in.Service = r.ServiceRole
	}
	return in, nil
}
