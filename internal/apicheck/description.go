package apicheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Operation is one operation of a description.
type Operation struct {
	// ID is its operationId, Method and Path how it is asked, such as GET and /v1/resources/{kind}.
	ID, Method, Path string
	// Roles of the tokens that may ask; none is everybody, without a token.
	Roles []string
	// HasBody says that it takes a body.
	HasBody bool

	parameters []parameter
	request    *schema
	answers    map[string]*schema
}

type parameter struct {
	Name, In string
	Required bool
	Schema   *schema
}

// Description is a parsed OpenAPI document.
type Description struct {
	Operations []*Operation
	schemas    map[string]*schema
}

type content map[string]struct{ Schema *schema }

// Parse reads a document as any other tool would: as JSON. It has to be OpenAPI 3.1 with security schemes whose scopes are roles.
func Parse(text []byte) (*Description, error) {
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
			Parameters  []parameter
			RequestBody *struct{ Content content }
			Responses   map[string]struct{ Content content }
		}
		Components struct{ Schemas map[string]*schema }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("reading the description: %w", err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		return nil, fmt.Errorf("the description is of OpenAPI %q", doc.OpenAPI)
	}
	d := &Description{schemas: doc.Components.Schemas}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			op := &Operation{ID: o.OperationID, Method: strings.ToUpper(method), Path: path, parameters: o.Parameters, answers: map[string]*schema{}}
			for _, s := range o.Security {
				for _, roles := range s {
					op.Roles = append(op.Roles, roles...)
				}
			}
			if o.RequestBody != nil {
				op.HasBody, op.request = true, o.RequestBody.Content["application/json"].Schema
			}
			for status, r := range o.Responses {
				op.answers[status] = r.Content["application/json"].Schema
			}
			if op.ID == "" || op.HasBody && op.request == nil {
				return nil, fmt.Errorf("%s %s has no name, or a body without a schema", op.Method, path)
			}
			d.Operations = append(d.Operations, op)
		}
	}
	slices.SortFunc(d.Operations, func(a, b *Operation) int { return strings.Compare(a.ID, b.ID) })
	return d, nil
}

// Find is the operation that a request means; literal parts of a path go before parameters.
func (d *Description) Find(method, path string) (*Operation, error) {
	var found *Operation
	for _, op := range d.Operations {
		if op.Method == method && matches(op.Path, path) && (found == nil || strings.Count(op.Path, "{") < strings.Count(found.Path, "{")) {
			found = op
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s %s is not described", method, path)
	}
	return found, nil
}

// matches reports that an escaped path fits a template.
func matches(template, path string) bool {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if !strings.HasPrefix(want[i], "{") && want[i] != have[i] || have[i] == "" != (want[i] == "") {
			return false
		}
	}
	return true
}

// Exchange is one request and its answer.
type Exchange struct {
	Method string
	// URL has the path, escaped as it was sent, and the query.
	URL     *url.URL
	Request []byte
	Status  int
	// Type is the answer's Content-Type.
	Type   string
	Answer []byte
}

// Check returns the operation of an exchange, and an error with everything that is not as described.
func (d *Description) Check(x Exchange) (*Operation, error) {
	op, err := d.Find(x.Method, x.URL.EscapedPath())
	if err != nil {
		return nil, err
	}
	var wrong []string
	if s, described := op.answers[strconv.Itoa(x.Status)]; !described {
		wrong = append(wrong, fmt.Sprintf("the status %d is not described", x.Status))
	} else {
		wrong = append(wrong, d.answer(s, x)...)
	}
	if x.Status < http.StatusBadRequest {
		wrong = append(wrong, d.accepted(op, x)...)
	}
	var errs []error
	for _, w := range wrong {
		errs = append(errs, fmt.Errorf("%s %s: %d: %s", op.Method, op.Path, x.Status, w))
	}
	return op, errors.Join(errs...)
}

func (d *Description) answer(s *schema, x Exchange) []string {
	switch {
	case s == nil && len(x.Answer) > 0:
		return []string{"an answer without a schema"}
	case s == nil:
		return nil
	case x.Type != "application/json":
		return []string{fmt.Sprintf("the answer is %q", x.Type)}
	}
	return d.conforms(s, x.Answer, "answer")
}

// accepted holds a request that the server took against the description.
func (d *Description) accepted(op *Operation, x Exchange) (wrong []string) {
	for name := range x.URL.Query() {
		if !slices.ContainsFunc(op.parameters, func(p parameter) bool { return p.In == "query" && p.Name == name }) {
			wrong = append(wrong, fmt.Sprintf("the parameter %q was accepted and is not described", name))
		}
	}
	for _, p := range op.parameters {
		if p.In == "query" && p.Required && !x.URL.Query().Has(p.Name) {
			wrong = append(wrong, fmt.Sprintf("the parameter %q is required, and what lacks it was accepted", p.Name))
		}
		if p.In == "path" && !strings.Contains(op.Path, "{"+p.Name+"}") {
			wrong = append(wrong, fmt.Sprintf("the path has no parameter %q", p.Name))
		}
	}
	switch {
	case op.HasBody:
		wrong = append(wrong, d.conforms(op.request, x.Request, "request")...)
	case len(x.Request) > 0:
		wrong = append(wrong, "a body was accepted and is not described")
	}
	return wrong
}
