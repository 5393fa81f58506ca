package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/secret"
)

// message is the body, as Standard Webhooks 1.0 lays it out.
type message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	// Sequence grows with each event; events that this webhook does not want leave gaps.
	Sequence int64  `json:"sequence"`
	Kind     string `json:"kind,omitempty"`
	Name     string `json:"name,omitempty"`
	Detail   string `json:"detail,omitempty"`
	Author   string `json:"author,omitempty"`
	// Lost counts events that were given up since the last delivery.
	Lost int64 `json:"lost,omitempty"`
}

func body(n control.QueuedNotice, lost int64) ([]byte, error) {
	return json.Marshal(message{Type: n.Topic + "." + n.Event, Timestamp: n.At.UTC(), Data: data{
		Sequence: n.ID, Kind: n.Kind, Name: n.Name, Detail: n.Detail, Author: n.Author, Lost: lost,
	}})
}

// identify names an event, the same at each attempt. The time keeps apart what has one number before and after a backup was restored.
func identify(n control.QueuedNotice) string { return fmt.Sprintf("evt_%d_%d", n.ID, n.At.UnixNano()) }

const (
	keyPrefix            = "whsec_"
	minKeyLen, maxKeyLen = 24, 64
)

// errKey repeats nothing of the secret.
var errKey = errors.New("the secret is not whsec_ and base64 of 24 to 64 bytes")

// key decodes a signing secret, as Standard Webhooks writes it.
func key(v secret.Value) ([]byte, error) {
	text, found := strings.CutPrefix(v.Reveal(), keyPrefix)
	out, err := base64.StdEncoding.DecodeString(text)
	if !found || err != nil || len(out) < minKeyLen || len(out) > maxKeyLen {
		return nil, errKey
	}
	return out, nil
}

// sign returns the value of webhook-signature: HMAC-SHA256 over id.timestamp.body.
func sign(key []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	// hash.Hash.Write never returns an error.
	_, _ = mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
