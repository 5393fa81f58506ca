package tpch

import (
	"math/rand/v2"
	"strconv"
)

// source makes the random values of one row. It is seeded again for each row, so that a row depends on nothing before it.
type source struct {
	pcg  rand.PCG
	rng  *rand.Rand
	seed uint64
	pool string
	dom  domain
}

// The streams of random numbers, one a table; the high bits of the second half of the seed.
const (
	regionStream uint64 = (iota + 1) << 48
	nationStream
	supplierStream
	partStream
	partsuppStream
	customerStream
	ordersStream
	poolStream
)

func newSource(seed uint64) *source {
	s := &source{seed: seed, pool: makePool(seed), dom: newDomain()}
	s.rng = rand.New(&s.pcg)
	return s
}

// row starts the values of row i of a stream.
func (s *source) row(stream uint64, i int64) { s.pcg.Seed(s.seed, stream+uint64(i)) }

// between is a uniform integer of the closed range.
func (s *source) between(low, high int64) int64 { return low + s.rng.Int64N(high-low+1) }

func (s *source) pick(words []string) string { return words[s.rng.IntN(len(words))] }

// text appends a comment of low to high bytes, cut from the pool.
func (s *source) text(b []byte, low, high int64) []byte {
	n := s.between(low, high)
	at := s.between(0, int64(len(s.pool))-n)
	return append(b, s.pool[at:at+n]...)
}

// address appends a random string of 10 to 40 letters.
func (s *source) address(b []byte) []byte {
	for range s.between(10, 40) {
		b = append(b, s.dom.letters[s.rng.IntN(len(s.dom.letters))])
	}
	return b
}

// phone appends a phone number whose country code tells the nation (clause 4.2.2.9).
func (s *source) phone(b []byte, nationKey int64) []byte {
	b = strconv.AppendInt(b, 10+nationKey, 10)
	b = strconv.AppendInt(append(b, '-'), s.between(100, 999), 10)
	b = strconv.AppendInt(append(b, '-'), s.between(100, 999), 10)
	return strconv.AppendInt(append(b, '-'), s.between(1000, 9999), 10)
}

// money appends an amount given in cents.
func money(b []byte, cents int64) []byte {
	if cents < 0 {
		b, cents = append(b, '-'), -cents
	}
	b = strconv.AppendInt(b, cents/100, 10)
	return append(b, '.', byte('0'+cents/10%10), byte('0'+cents%10))
}

// numbered appends a name such as Customer#000000001.
func numbered(b []byte, name string, key int64) []byte {
	b = append(append(b, name...), '#')
	digits := strconv.FormatInt(key, 10)
	for range 9 - len(digits) {
		b = append(b, '0')
	}
	return append(b, digits...)
}
