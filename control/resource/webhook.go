package resource

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
)

// maxURLBytes bounds an address.
const maxURLBytes = 2048

// Webhook is an endpoint that is told what changes. Package control/webhook sends.
type Webhook struct {
	Pos         policy.Pos `yaml:"-"`
	Name        string     `yaml:"name"`
	Description string     `yaml:"description"`
	// URL is https, or http to a loopback address. It is stored and shown, so that it is no place for a secret.
	URL string `yaml:"url"`
	// Secret is where the signing key is, as whsec_ and base64 of 24 to 64 bytes.
	Secret secret.Ref `yaml:"secret"`
	// Events are topics; none means all.
	Events []string `yaml:"events"`
	// Private lets the name resolve to an address of a private network.
	Private bool `yaml:"private"`
	// Disabled sends nothing; what happens meanwhile waits.
	Disabled bool `yaml:"disabled"`
}

// WebhookTopics are what events can be of.
func WebhookTopics() []string { return []string{"source", "policy", "person", "approval", "drift"} }

// Wants reports whether the webhook is told of a topic.
func (w Webhook) Wants(topic string) bool {
	return len(w.Events) == 0 || slices.Contains(w.Events, topic)
}

// Loopback reports whether the URL names this machine, which alone is reached there and alone may be by http.
func (w Webhook) Loopback() bool {
	u, err := url.Parse(w.URL)
	return err == nil && loopback(u.Hostname())
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

func (w Webhook) validate(add func(error)) {
	add(checkPolicyName(w.Name))
	add(checkWebhookURL(w.URL))
	add(w.Secret.Validate())
	for i, topic := range w.Events {
		if !slices.Contains(WebhookTopics(), topic) {
			add(fmt.Errorf("events: %q is not one of %v", clip(topic), WebhookTopics()))
		}
		if slices.Contains(w.Events[:i], topic) {
			add(fmt.Errorf("events: %q is given twice", clip(topic)))
		}
	}
}

// checkWebhookURL repeats nothing of the text: somebody may have written a secret into it.
func checkWebhookURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURLBytes || hasControl(text):
		return fmt.Errorf("url: it is longer than %d bytes or holds a control character", maxURLBytes)
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return errors.New("url: it is not an address like https://host/path")
	case u.User != nil:
		return errors.New("url: it holds a user or password, and is stored and shown")
	case u.Fragment != "":
		return errors.New("url: it has a fragment, which is never sent")
	case u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return errors.New("url: it is neither https nor http to localhost or a loopback address")
}
