package lambda

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
)

// MaxSecretBytes is what a secret holds (Secrets Manager quotas, "Secret value size").
const MaxSecretBytes = 65_536

// Document prints what ParseAccess reads: JSON, or gzip of it where that alone fits into a secret. The same Access gives the same bytes. One with a
// mistake, or that does not fit, is an error.
func (a *Access) Document() ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("checking the access document: %w", err)
	}
	text, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("printing the access document: %w", err)
	}
	if len(text) <= MaxSecretBytes {
		return text, nil
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("packing the access document: %w", err)
	}
	if _, err := z.Write(text); err != nil {
		return nil, fmt.Errorf("packing the access document: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("packing the access document: %w", err)
	}
	if len(text) > MaxAccessBytes || packed.Len() > MaxSecretBytes {
		return nil, fmt.Errorf("printing the access document: it has %d bytes, and %d packed, more than the %d of a secret", len(text), packed.Len(), MaxSecretBytes)
	}
	return packed.Bytes(), nil
}
