package tpch

import (
	"slices"
	"strconv"
)

// sizes are the numbers of rows at one scale (clause 4.2.5).
type sizes struct{ suppliers, parts, customers, orders, clerks int64 }

// tab ends a column of COPY text. No value needs escaping: none holds a tab, a line break or a backslash.
const tab = '\t'

func (s *source) region(b []byte, i int64) []byte {
	s.row(regionStream, i)
	b = append(strconv.AppendInt(b, i, 10), tab)
	b = append(append(b, s.dom.regions[i]...), tab)
	return s.text(b, 31, 115)
}

func (s *source) nation(b []byte, i int64) []byte {
	s.row(nationStream, i)
	n := s.dom.nations[i]
	b = append(strconv.AppendInt(b, i, 10), tab)
	b = append(append(b, n.name...), tab)
	b = append(strconv.AppendInt(b, int64(n.region), 10), tab)
	return s.text(b, 31, 114)
}

// Of 10,000 suppliers, five are complained about and five recommended: their comments hold the two words of clause 4.2.3.
const remarkEvery = 2000

func (s *source) supplier(b []byte, i int64) []byte {
	s.row(supplierStream, i)
	key, nationKey := i+1, s.between(0, int64(len(s.dom.nations))-1)
	b = append(strconv.AppendInt(b, key, 10), tab)
	b = append(numbered(b, "Supplier", key), tab)
	b = append(s.address(b), tab)
	b = append(strconv.AppendInt(b, nationKey, 10), tab)
	b = append(s.phone(b, nationKey), tab)
	b = append(money(b, s.between(-99999, 999999)), tab)
	start := len(b)
	b = s.text(b, 25, 100)
	switch i % remarkEvery {
	case remarkEvery / 4:
		copy(b[start:], "Customer Complaints")
	case 3 * remarkEvery / 4:
		copy(b[start:], "Customer Recommends")
	}
	return b
}

func (s *source) part(b []byte, i int64) []byte {
	s.row(partStream, i)
	key, maker := i+1, s.between(1, 5)
	b = append(strconv.AppendInt(b, key, 10), tab)
	b = append(s.partName(b), tab)
	b = append(strconv.AppendInt(append(b, "Manufacturer#"...), maker, 10), tab)
	b = append(strconv.AppendInt(append(b, "Brand#"...), 10*maker+s.between(1, 5), 10), tab)
	for n, syllables := range s.dom.types {
		if n > 0 {
			b = append(b, ' ')
		}
		b = append(b, s.pick(syllables)...)
	}
	b = append(strconv.AppendInt(append(b, tab), s.between(1, 50), 10), tab)
	b = append(append(b, s.pick(s.dom.containers[0])...), ' ')
	b = append(append(b, s.pick(s.dom.containers[1])...), tab)
	b = append(money(b, retailPrice(key)), tab)
	return s.text(b, 5, 22)
}

// partName appends five different colors.
func (s *source) partName(b []byte) []byte {
	var drawn [5]int
	for n := range drawn {
		color := s.rng.IntN(len(s.dom.colors))
		for slices.Contains(drawn[:n], color) {
			color = s.rng.IntN(len(s.dom.colors))
		}
		drawn[n] = color
		if n > 0 {
			b = append(b, ' ')
		}
		b = append(b, s.dom.colors[color]...)
	}
	return b
}

// retailPrice is P_RETAILPRICE in cents (clause 4.2.3).
func retailPrice(part int64) int64 { return 90000 + (part/10)%20001 + 100*(part%1000) }

// suppliersPerPart is how many suppliers each part has.
const suppliersPerPart = 4

// supplierOf is the n-th supplier of a part (clause 4.2.3, PS_SUPPKEY). At scales that the specification does not know the
// step of the formula may meet the same supplier twice; the next step that does not is taken then.
func supplierOf(part, n, suppliers int64) int64 {
	step := suppliers/suppliersPerPart + (part-1)/suppliers
	for step%suppliers == 0 || 2*step%suppliers == 0 || 3*step%suppliers == 0 {
		step++
	}
	return (part+n*step)%suppliers + 1
}

func (s *source) partsupp(b []byte, i int64, size sizes) []byte {
	s.row(partsuppStream, i)
	part := i/suppliersPerPart + 1
	b = append(strconv.AppendInt(b, part, 10), tab)
	b = append(strconv.AppendInt(b, supplierOf(part, i%suppliersPerPart, size.suppliers), 10), tab)
	b = append(strconv.AppendInt(b, s.between(1, 9999), 10), tab)
	b = append(money(b, s.between(100, 100000)), tab)
	return s.text(b, 49, 198)
}

func (s *source) customer(b []byte, i int64) []byte {
	s.row(customerStream, i)
	key, nationKey := i+1, s.between(0, int64(len(s.dom.nations))-1)
	b = append(strconv.AppendInt(b, key, 10), tab)
	b = append(numbered(b, "Customer", key), tab)
	b = append(s.address(b), tab)
	b = append(strconv.AppendInt(b, nationKey, 10), tab)
	b = append(s.phone(b, nationKey), tab)
	b = append(money(b, s.between(-99999, 999999)), tab)
	b = append(append(b, s.pick(s.dom.segments)...), tab)
	return s.text(b, 29, 116)
}
