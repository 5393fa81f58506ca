package difftest

import (
	"bytes"
	"net"
	"strings"

	"github.com/posternsql/postern/internal/difftest/sanitised"
)

// wiretap is a client's connection that looks at every byte it receives before anything decodes it.
type wiretap struct {
	net.Conn
	markers [][]byte
	tail    []byte // of what came before, so that a marker cannot hide between two reads
	bytes   int64
	leaked  []byte // what stood around the first marker
}

// numberMarkers are the numbers that nobody may see, 8675309.xx and 8675309xx: as text, and as the binary formats of int4, int8
// (with the length before them, so that nothing else looks like them) and numeric have them.
func numberMarkers() [][]byte {
	return [][]byte{
		[]byte("8675309"), []byte("\x00\x00\x00\x04\x33\xb5\x75"), []byte("\x00\x00\x00\x08\x00\x00\x00\x00\x33\xb5\x75"), []byte("\x03\x63\x14\xbd"),
	}
}

func newWiretap(conn net.Conn, person string) *wiretap {
	marker := sanitised.Marker(person)
	return &wiretap{Conn: conn, markers: append(numberMarkers(), []byte(marker), []byte(strings.ToLower(marker)), []byte(hexOf(marker)))}
}

// hexOf is how bytea shows a text.
func hexOf(text string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func (w *wiretap) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.look(b[:n])
	return n, err
}

// longestMarker bounds a marker.
const longestMarker = 16

func (w *wiretap) look(received []byte) {
	w.bytes += int64(len(received))
	text := append(w.tail, received...)
	if w.leaked == nil {
		for _, marker := range w.markers {
			if i := bytes.Index(text, marker); i >= 0 {
				w.leaked = bytes.Clone(text[max(0, i-60):min(len(text), i+60)])
				break
			}
		}
	}
	w.tail = bytes.Clone(text[max(0, len(text)-longestMarker):])
}

// take returns what leaked since it was asked last.
func (w *wiretap) take() string {
	leaked := string(w.leaked)
	w.leaked, w.tail = nil, nil
	return leaked
}
