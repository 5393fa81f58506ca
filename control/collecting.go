package control

import (
	"context"
	"errors"
	"time"
)

// Turn is whose turn it is to collect the log of one warehouse, and what who has it has to know of who had it before.
type Turn struct {
	// Connection is the warehouse, and Server the one that asks, by a name that stays its own over restarts.
	Connection, Server string
	// Held says that it is that server's turn. Term counts the turns: one that was lost and regained has another.
	Held bool
	Term int64
	// Position is how far the log was read, in the collector's own words; "" before it was read first.
	Position string
	// Tellings are what was put on record lately, or was about to be. They are there where the term is not the one that was known.
	Tellings []Telling
}

// Telling is one statement of a warehouse's log that is on a server's record, or was about to be.
type Telling struct {
	ID string
	// Server is the one on whose record it is, Ended when the statement did.
	Server string
	Ended  time.Time
	// Safe says that it is on that record; without it the server may have died before.
	Safe bool
}

// Collected is what is noted of a turn.
type Collected struct {
	// Intended are put on record next.
	Intended []Telling
	// Safe are on record now, and Position is behind them; "" leaves it. Tellings of before Forget are dropped.
	Safe     []Telling
	Position string
	Forget   time.Time
}

// ErrTurnLost says that another server took the turn.
var ErrTurnLost = errors.New("it is another server's turn to collect")

// CollectorStore has one of the servers that share it collect the log of a warehouse at a time. Its own clock counts.
type CollectorStore interface {
	// TakeTurn takes the turn, or keeps it, for so long from now on. known is the term that the server has, 0 for none.
	TakeTurn(ctx context.Context, connection, server string, known int64, lasts time.Duration) (Turn, error)
	// NoteTurn notes what was done, all of it or nothing, and keeps the turn for so long; 0 gives it up. ErrTurnLost is in the chain where another server took it.
	NoteTurn(ctx context.Context, t Turn, lasts time.Duration, c Collected) error
}
