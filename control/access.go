package control

import (
	"context"
	"time"
)

// The states of an AccessRequest.
const (
	RequestPending  = "pending"
	RequestApproved = "approved"
	RequestDenied   = "denied"
	RequestExpired  = "expired"
	RequestRevoked  = "revoked"
)

// AccessRequest is a person's wish to be let in, and what became of it.
type AccessRequest struct {
	ID int64
	// User who asks.
	User string
	// Source for which was asked (connection.schema.table as the person wrote it), "" for a policy.
	Source string
	// Policy is the subscription policy that asks for approval; "" if nothing matches, of which the person is not told: it would tell what there is.
	Policy string
	Reason string
	// Lasts is for how long access is wanted, 0 for good.
	Lasts time.Duration
	// Status is pending, approved, denied, expired or revoked.
	Status string
	// Approval is the name of the Approval resource.
	Approval string
	// Answer is what was said to it, AnsweredBy who said it last.
	Answer, AnsweredBy string
	AskedAt            time.Time
	// EndsAt is when a pending request lapses, or the access that was given ends.
	EndsAt time.Time
}

// AccessStore keeps requests.
type AccessStore interface {
	AskAccess(ctx context.Context, r AccessRequest) (id int64, err error)
	// AnswerAccess replaces status, approval, policy, answer, by whom, and end of a request whose status still is was; otherwise ErrMoved.
	AnswerAccess(ctx context.Context, was string, r AccessRequest) error
	// Requests are the newest 10,000, the newest first.
	Requests(ctx context.Context) ([]AccessRequest, error)
}
