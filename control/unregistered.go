package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/posternsql/postern/control/resource"
)

// UnregisteredStore remembers in which warehouses all was taken back that was maintained there, until that is wished for again.
type UnregisteredStore interface {
	// Unregistered reports that it was, and that the settings are still those under which it was.
	Unregistered(ctx context.Context, connection, settings string) (bool, error)
	SetUnregistered(ctx context.Context, connection, settings string, unregistered bool) error
}

// Unregistered is the memory of one warehouse, under the settings that it has now: under others it was not unregistered.
type Unregistered struct {
	Store    UnregisteredStore
	Settings resource.PushSettings
}

// Removed reports that all was taken back under these settings.
func (u Unregistered) Removed(ctx context.Context) (bool, error) {
	settings, err := u.digest()
	if err != nil {
		return false, err
	}
	return u.Store.Unregistered(ctx, u.Settings.Connection, settings)
}

// SetRemoved remembers that it was, or that it is wished for again.
func (u Unregistered) SetRemoved(ctx context.Context, removed bool) error {
	settings, err := u.digest()
	if err != nil {
		return err
	}
	return u.Store.SetUnregistered(ctx, u.Settings.Connection, settings, removed)
}

// digest stands for the settings, wherever they are written.
func (u Unregistered) digest() (string, error) {
	s := u.Settings
	s.Pos.File, s.Pos.Line = "", 0
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("naming the settings of %s: %w", s.Connection, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
