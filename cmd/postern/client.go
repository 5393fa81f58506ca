package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// defaultServer is where a server on this machine listens.
const defaultServer = "http://127.0.0.1:8432"

// client speaks to the API of a running server.
type client struct {
	server string
	// token is that of POSTERN_TOKEN where it is empty.
	token string
	// header is sent with the next request beside what is always sent.
	header map[string]string
}

// flag adds --server.
func (c *client) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.server, "server", "", "address of the server's API (POSTERN_SERVER, else "+defaultServer+")")
}

// apiError is a refusal, or that the server could not be asked (status 0).
type apiError struct {
	status  int
	message string
}

// Error implements error.
func (e *apiError) Error() string { return e.message }

func (e *apiError) exitCode() int {
	switch e.status {
	case http.StatusConflict:
		return exitConflict
	case http.StatusUnprocessableEntity:
		return exitMistakes
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitForbidden
	case 0, http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		return exitUnavailable
	}
	return exitFailure
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 256 << 20

// do sends a request and decodes the answer. body and into may be nil. A refusal is an *apiError with the server's words.
func (c *client) do(ctx context.Context, method, path string, query url.Values, body, into any) error {
	request, err := c.request(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	// Redirects would carry the token elsewhere.
	h := &http.Client{Timeout: 2 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := h.Do(request)
	if err != nil {
		return &apiError{message: fmt.Sprintf("asking the server: %v", err)}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return &apiError{message: fmt.Sprintf("reading the answer: %v", err)}
	}
	if response.StatusCode != http.StatusOK {
		return refusal(response, answer)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

func (c *client) request(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error) {
	server := c.server
	if server == "" {
		server = os.Getenv("POSTERN_SERVER")
	}
	if server == "" {
		server = defaultServer
	}
	token := c.token
	if token == "" {
		token = strings.TrimSpace(os.Getenv("POSTERN_TOKEN"))
	}
	if token == "" {
		return nil, errors.New("POSTERN_TOKEN is not set; the server's first token is beside its state")
	}
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encoding the request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	address := strings.TrimSuffix(server, "/") + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content) //nolint:gosec // the caller names the server, as with any client
	if err != nil {
		return nil, fmt.Errorf("preparing the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	for name, value := range c.header {
		request.Header.Set(name, value)
	}
	return request, nil
}

// refusal reads what the server says against it.
func refusal(response *http.Response, answer []byte) error {
	var said struct {
		Error     string
		Conflicts []struct {
			Message string
			Theirs  *struct{ Text string }
			Yours   string
		}
	}
	if json.Unmarshal(answer, &said) != nil || said.Error == "" {
		said.Error = response.Status
	}
	out := &apiError{status: response.StatusCode, message: said.Error}
	if response.StatusCode == http.StatusConflict {
		var b strings.Builder
		b.WriteString("nothing was changed, because others own or have changed it:\n" + said.Error)
		for _, k := range said.Conflicts {
			if k.Theirs != nil && k.Yours != "" {
				fmt.Fprintf(&b, "\n\n%s\n%s", k.Message, unified("stored", "yours", k.Theirs.Text, k.Yours))
			}
		}
		out.message = b.String()
	} else if response.StatusCode == http.StatusUnprocessableEntity {
		out.message = "nothing was changed, because of these mistakes:\n" + said.Error
	} else {
		out.message = "the server refused: " + said.Error
	}
	return out
}

// callAPI posts to the running server.
func callAPI(ctx context.Context, server, path string, body, into any) error {
	c := client{server: server}
	return c.do(ctx, http.MethodPost, path, nil, body, into)
}

// resourcePath is the address of one resource.
func resourcePath(kind, name string) string {
	return "/v1/resources/" + url.PathEscape(kind) + "/" + url.PathEscape(name)
}
