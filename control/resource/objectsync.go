package resource

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// ObjectSync says how Postern keeps in step with what changes in a warehouse.
type ObjectSync struct {
	// Interval between two looks, in seconds; 60 when it is left out.
	Interval int `yaml:"interval"`
	// Watch looks each second whether anything in the warehouse's catalog has changed, and at everything when it has.
	Watch bool `yaml:"watch"`
	// Replaced says what becomes of a source when another table has its name; recreated when it is left out.
	Replaced string `yaml:"replaced"`
}

// What becomes of a source when another table has its name.
const (
	// ReplacedHeld: nobody reads it until someone accepts the table.
	ReplacedHeld = "held"
	// ReplacedRecreated, the default: a table that is new takes the place of one that is gone; one that had another name before does not, nor does any
	// while the old one is still there under another name.
	ReplacedRecreated = "recreated"
	// ReplacedAccepted: whatever has the name is the source.
	ReplacedAccepted = "accepted"
)

// replacements lists them, with what stands for the default.
func replacements() []string { return []string{ReplacedHeld, ReplacedRecreated, ReplacedAccepted} }

// The bounds of ObjectSync.Interval, in seconds.
const (
	defaultSyncInterval = 60
	maxSyncInterval     = 86_400
)

// Every is the time between two looks.
func (o ObjectSync) Every() time.Duration {
	return time.Duration(cmp.Or(o.Interval, defaultSyncInterval)) * time.Second
}

func (o ObjectSync) validate(add func(error)) {
	if o.Interval < 0 || o.Interval > maxSyncInterval {
		add(fmt.Errorf("objectSync.interval: %d is not between 1 and %d seconds", o.Interval, maxSyncInterval))
	}
	add(checkReplaced("objectSync.replaced", o.Replaced))
}

func checkReplaced(field, value string) error {
	if value != "" && !slices.Contains(replacements(), value) {
		return fmt.Errorf("%s: %q is not one of %v", field, clip(value), replacements())
	}
	return nil
}

// Replacement says what becomes of a source of the connection when another table has its name.
func (s Source) Replacement(c Connection) string {
	return cmp.Or(s.Replaced, c.ObjectSync.Replaced, ReplacedRecreated)
}
