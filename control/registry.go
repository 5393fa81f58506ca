package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
)

// storedFile stands in positions of resources that are stored.
const storedFile = "(stored)"

// RegistryConfig is what a Registry works with.
type RegistryConfig struct {
	Publisher *Publisher
	Store     ResourceStore
	// Paths are files and folders that own their resources; none are needed.
	Paths []string
	// Record puts a change on record before it is committed; an error keeps it from being made.
	Record func(ctx context.Context, events ...audit.Event) error
	Log    *slog.Logger
	// Now tells the time; nil is time.Now.
	Now func() time.Time
}

// Validate reports every mistake at once.
func (c RegistryConfig) Validate() error {
	var mistakes []error
	if c.Publisher == nil || c.Store == nil {
		mistakes = append(mistakes, errors.New("a registry needs a publisher and a store"))
	}
	if c.Record == nil || c.Log == nil {
		mistakes = append(mistakes, errors.New("a registry needs an audit log and a logger"))
	}
	return errors.Join(mistakes...)
}

// Registry holds all resources: those of files, which own theirs, and those that are stored. It is the only one that changes what is stored,
// and is safe for concurrent use.
type Registry struct {
	config RegistryConfig

	// mu admits one change at a time.
	mu     sync.Mutex
	files  []resource.Document
	loaded bool
	stored Stored
	// parsed keeps the documents of what is stored, by key.
	parsed map[string]parsedResource

	// followed has the state's marks as this server has put them in force.
	followed sync.Mutex
	marks    Marks
	problem  string
	// loadedOnce is set from the first publication on.
	loadedOnce bool
}

type parsedResource struct {
	version  int64
	document resource.Document
}

// NewRegistry makes a Registry that has read nothing.
func NewRegistry(c RegistryConfig) (*Registry, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuring the registry: %w", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Registry{config: c, parsed: map[string]parsedResource{}}, nil
}

// StateError is a failure to put in force what is stored, as opposed to what files hold: the state cannot be read, or what it holds does not fit.
type StateError struct{ err error }

// Error implements error.
func (e *StateError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *StateError) Unwrap() error { return e.err }

// Reload reads files and state and publishes them; what has changed in files is put on record and kept with the versions of what is stored. On an
// error nothing has changed. Where it lies with the state the error is a *StateError.
func (r *Registry) Reload(ctx context.Context) (*Generation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.load(ctx, Publication{})
}

// Follow puts in force what another server has stored, if it has. Warehouses are not asked again.
func (r *Registry) Follow(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, err := r.config.Store.Marks(ctx)
	if err != nil {
		return err
	}
	if r.loaded && r.config.Publisher.Current() != nil && r.config.Publisher.Current().Revision() == now.Revision {
		r.inForce(now)
		return nil
	}
	if !r.loaded {
		_, err := r.load(ctx, Publication{Tolerant: true})
		if err != nil {
			r.failed(err)
		}
		return err
	}
	stored, marks, err := r.readStored(ctx)
	if err != nil {
		return err
	}
	g, err := r.publish(ctx, r.files, stored, Publication{Tolerant: true, Quick: true})
	var mistakes resource.Mistakes
	if errors.As(err, &mistakes) || err == nil && g.outdated {
		// What was stored may be of tables that are newer than the last look at the warehouse.
		_, err = r.publish(ctx, r.files, stored, Publication{Tolerant: true})
	}
	if err != nil {
		r.failed(err)
		return err
	}
	r.inForce(marks)
	return nil
}

// Marks are those of the state that this server has put in force, and why it is not further.
func (r *Registry) Marks() (m Marks, problem string) {
	r.followed.Lock()
	defer r.followed.Unlock()
	m = r.marks
	m.Objects = r.config.Publisher.KnownMark()
	return m, r.problem
}

func (r *Registry) inForce(m Marks) {
	r.followed.Lock()
	defer r.followed.Unlock()
	r.marks.Revision, r.marks.Requests, r.problem, r.loadedOnce = m.Revision, m.Requests, "", true
}

// failed notes why what is stored is not in force.
func (r *Registry) failed(err error) {
	r.followed.Lock()
	defer r.followed.Unlock()
	r.problem = firstLines(err)
	if len(r.problem) > maxProblem {
		r.problem = r.problem[:maxProblem]
	}
}

// maxProblem bounds what other servers are shown of a problem.
const maxProblem = 2000

// InForce reports that what the marks count is in force.
func (r *Registry) InForce() bool {
	r.followed.Lock()
	defer r.followed.Unlock()
	return r.loadedOnce
}

func (r *Registry) readFiles() ([]resource.Document, error) {
	if len(r.config.Paths) == 0 {
		return nil, nil
	}
	return resource.LoadDocuments(r.config.Paths)
}

// readTimeout bounds one reading of the state: a connection may be dead without knowing.
const readTimeout = 10 * time.Second

// readStored reads the state, and its marks as they were before.
func (r *Registry) readStored(ctx context.Context) (Stored, Marks, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	marks, err := r.config.Store.Marks(ctx)
	if err != nil {
		return Stored{}, Marks{}, err
	}
	if r.stored.Revision == marks.Revision && r.stored.Resources != nil {
		return r.stored, marks, nil
	}
	stored, err := r.config.Store.Stored(ctx)
	if err != nil {
		return Stored{}, Marks{}, err
	}
	marks.Revision = stored.Revision
	return stored, marks, nil
}

// publish puts files and stored resources in force.
func (r *Registry) publish(ctx context.Context, files []resource.Document, stored Stored, n Publication) (*Generation, error) {
	docs, err := r.documents(stored)
	if err != nil {
		return nil, err
	}
	set, err := assemble(files, docs)
	if err != nil {
		return nil, r.config.Publisher.alsoMistaken(ctx, slices.Concat(files, docs), err)
	}
	n.Set, n.Revision = set, stored.Revision
	if n.Commit != nil {
		n.Revision++
	}
	g, err := r.config.Publisher.PublishAs(ctx, n)
	if err != nil {
		return nil, err
	}
	r.keep(stored, docs)
	return g, nil
}

// keep remembers what is stored, and its documents.
func (r *Registry) keep(stored Stored, docs []resource.Document) {
	r.stored = stored
	r.parsed = make(map[string]parsedResource, len(docs))
	for i, s := range stored.Resources {
		r.parsed[s.Key()] = parsedResource{s.Version, docs[i]}
	}
}

// documents reads the texts of stored resources, in their order. What was read before is not read again.
func (r *Registry) documents(stored Stored) ([]resource.Document, error) {
	out := make([]resource.Document, len(stored.Resources))
	for i, s := range stored.Resources {
		if known, ok := r.parsed[s.Key()]; ok && known.version == s.Version {
			out[i] = known.document
			continue
		}
		docs, err := resource.ReadDocuments(storedFile, []byte(s.Text))
		if err != nil {
			return nil, err
		}
		if len(docs) != 1 || docs[0].Key() != s.Key() {
			return nil, resource.Mistakes{{Pos: policy.Pos{File: storedFile}, Resource: s.Kind + " " + s.Name, Message: "the state is damaged: it holds another resource under this name"}}
		}
		out[i] = docs[0]
	}
	return out, nil
}

func assemble(parts ...[]resource.Document) (*resource.Set, error) {
	var all []resource.Document
	for _, p := range parts {
		all = append(all, p...)
	}
	return resource.Assemble(all)
}
