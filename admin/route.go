package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/posternsql/postern/control/resource"
)

// The roles of tokens.
const (
	roleAdmin     = "admin"
	roleGovernor  = "governor"
	roleDataOwner = "dataOwner"
	roleAuditor   = "auditor"
	rolePerson    = resource.RolePerson
)

// route is one operation of the API: what serves it, and what its description says. There is no other way to add one, so that
// no operation is without a description.
type route struct {
	method, path string
	// id is the operation's name in generated clients.
	id, summary string
	// roles of the tokens that may; none is everybody, without a token.
	roles []string
	// body and answer are values of the types of the request's body and of the answer; nil is none.
	body, answer any
	// query lists optional parameters.
	query []string
	// errors are the statuses besides 200, 401, 403, 500 and 503.
	errors []int
	// large admits a body of up to 64 MiB.
	large bool
	// unpublished serves before anything is in force, to the first token.
	unpublished bool
	serve       func(*call) (any, error)
}

// maxLargeBody bounds what is applied at once.
const maxLargeBody = resource.MaxTotalBytes + 8<<20

// problem is every answer but 200.
type problem struct {
	// Error says it in words.
	Error    string `json:"error"`
	SQLState string `json:"sqlstate,omitempty"`
	Detail   string `json:"detail,omitempty"`
	Hint     string `json:"hint,omitempty"`
	// Mistakes are all that is wrong with resources, of a 422.
	Mistakes []mistake `json:"mistakes,omitempty"`
	// Conflicts are the resources that others have changed or own, of a 409.
	Conflicts []conflict `json:"conflicts,omitempty"`
}

// newRouter describes the API; what serves it is added by register.
func newRouter(mux *http.ServeMux) huma.API {
	config := huma.DefaultConfig("Postern", "1")
	config.Info.Description = "The administrators' interface. Every answer other than 200 has the form of Problem."
	// The description has one address, below; huma's own pages load scripts from elsewhere.
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	return humago.New(mux, config)
}

// schemaName is the name of a type in the description. Two packages have a Report, with a Source in it.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	switch path.Base(t.PkgPath()) {
	case "impact":
		return "Impact" + name
	case "push":
		return "Push" + name
	}
	return name
}

// register adds an operation to the mux and to the description.
func (a *API) register(api huma.API, r *route) {
	schemas := api.OpenAPI().Components.Schemas
	op := &huma.Operation{
		Method: r.method, Path: r.path, OperationID: r.id, Summary: r.summary,
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: content(schemas, r.answer)}},
	}
	for _, status := range append(r.errors, http.StatusInternalServerError, http.StatusServiceUnavailable) {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: content(schemas, problem{})}
	}
	if len(r.roles) > 0 {
		op.Security = []map[string][]string{{"token": r.roles}}
		op.Description = "For tokens of role " + strings.Join(r.roles, ", ") + "."
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests} {
			op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: content(schemas, problem{})}
		}
	}
	if r.body != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: content(schemas, r.body)}
		for _, status := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType} {
			op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: content(schemas, problem{})}
		}
	}
	for _, part := range strings.Split(r.path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			op.Parameters = append(op.Parameters, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
		}
	}
	for _, name := range r.query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Schema: &huma.Schema{Type: huma.TypeString}})
	}
	api.OpenAPI().AddOperation(op)
	api.Adapter().Handle(op, func(ctx huma.Context) {
		request, w := humago.Unwrap(ctx)
		a.handle(w, request, r)
	})
}

func content(schemas huma.Registry, of any) map[string]*huma.MediaType {
	if of == nil {
		return nil
	}
	return map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeOf(of), true, "")}}
}

// answerTimeout bounds one request.
const answerTimeout = 50 * time.Second

// handle serves one request.
func (a *API) handle(w http.ResponseWriter, r *http.Request, to *route) {
	limit := int64(maxBody)
	if to.large {
		limit = maxLargeBody
	}
	// An answer that comes later than the server writes is none.
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	r = r.WithContext(ctx)
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	c := &call{Request: r, writer: w}
	var answer any
	err := a.admit(c, to)
	if err == nil {
		err = unknownQuery(r, to.query)
	}
	if err == nil {
		answer, err = to.serve(c)
	}
	a.answer(w, answer, err)
}

// unknownQuery refuses parameters that would be passed over: a filter with a typing mistake filters nothing.
func unknownQuery(r *http.Request, known []string) error {
	for name := range r.URL.Query() {
		if !slices.Contains(known, name) {
			return refuse(http.StatusBadRequest, "there is no parameter %.100q", name)
		}
	}
	return nil
}

// description is the OpenAPI document.
func description(api huma.API) ([]byte, error) { return json.MarshalIndent(api.OpenAPI(), "", "  ") }
