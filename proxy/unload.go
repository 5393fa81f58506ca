package proxy

import (
	"regexp"
	"strconv"

	"github.com/posternsql/postern/rewrite"
)

// unloaded is how a Redshift tells how many rows an UNLOAD wrote.
var unloaded = regexp.MustCompile(`^UNLOAD completed, ([0-9]{1,18}) record\(s\) unloaded successfully\.?$`)

// unloadNotice is what is told of a notice of a Redshift's: of an UNLOAD the number of its rows, which is put on record too. What others speak of cannot be known. It
// is nil for those.
func (r *relay) unloadNotice(rep report) []byte {
	front := r.queue.front()
	if front == nil {
		return nil
	}
	run := front.current()
	m := unloaded.FindStringSubmatch(rep.message)
	if run == nil || run.statement.Kind != rewrite.KindUnload || m == nil {
		return nil
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return nil
	}
	run.rows = n
	body := []byte("SINFO\x00VINFO\x00C00000\x00M")
	body = append(body, "UNLOAD completed, "+m[1]+" record(s) unloaded successfully."...)
	return append(body, 0, 0)
}
