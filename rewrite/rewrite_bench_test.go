package rewrite

import "testing"

// BenchmarkRewrite is the way of a short statement that no cache knows.
func BenchmarkRewrite(b *testing.B) {
	h := newHarness(b, damage{})
	h.rw.cache = nil
	for name, sql := range map[string]string{
		"no policy":    "SELECT code, title FROM nation WHERE code = $1",
		"row filter":   "SELECT id, k FROM public.customer WHERE id = $1",
		"mask":         "SELECT id, phone FROM public.customer WHERE id = $1",
		"star":         "SELECT * FROM public.customer WHERE id = $1",
		"join, filter": "SELECT c.id, o.memo FROM public.customer c JOIN orders o ON o.customer_id = c.id JOIN nation n ON n.code = c.country WHERE c.id = $1 ORDER BY o.id",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.rewrite(sql); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
