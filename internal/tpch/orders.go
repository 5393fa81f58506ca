package tpch

import (
	"strconv"
	"time"
)

// Days are counted from STARTDATE, 1992-01-01 (clause 4.2.2.12).
const (
	lastOrderDay = 2405 // ENDDATE, 1998-12-31, less 151 days
	currentDay   = 1263 // CURRENTDATE, 1995-06-17: what is before it has been shipped or received
	maxLines     = 7
)

// line is one line item; amounts are in cents, rates in hundredths, days from STARTDATE.
type line struct {
	part, supplier, quantity, price, discount, tax int64
	shipDay, commitDay, receiptDay                 int64
	returned                                       byte
	instruction, mode                              string
}

// order is an order with its line items, made together because the order's status and total come from them.
type order struct {
	key, customer, day, total, clerk int64
	status                           byte
	priority                         string
	lines                            [maxLines]line
	count                            int
}

// orderKey is sparse: of 32 consecutive keys the first 8 are used (clause 4.2.3, O_ORDERKEY).
func orderKey(i int64) int64 {
	n := i + 1
	return n>>3<<5 | n&7
}

// lineCount is how many line items order i has: the first value drawn for it.
func (s *source) lineCount(i int64) int {
	s.row(ordersStream, i)
	return int(s.between(1, maxLines))
}

// order fills in order i. It leaves the source where the comment of the order is drawn, then those of the line items.
func (s *source) order(o *order, i int64, size sizes) {
	o.count = s.lineCount(i)
	o.key, o.customer = orderKey(i), s.customerOf(size.customers)
	o.day = s.between(0, lastOrderDay)
	o.priority, o.clerk = s.pick(s.dom.priorities), s.between(1, size.clerks)
	o.total = 0
	shipped := 0
	for n := range o.count {
		l := &o.lines[n]
		s.line(l, o.day, size)
		// In whole cents at each step, as dbgen computes it.
		o.total += l.price * (100 - l.discount) / 100 * (100 + l.tax) / 100
		if l.shipDay <= currentDay {
			shipped++
		}
	}
	switch shipped {
	case o.count:
		o.status = 'F'
	case 0:
		o.status = 'O'
	default: // some are shipped, some are not
		o.status = 'P'
	}
}

// customerOf draws a customer: a third of them, those whose key divides by three, never order anything.
func (s *source) customerOf(customers int64) int64 {
	for {
		if key := s.between(1, customers); key%3 != 0 {
			return key
		}
	}
}

func (s *source) line(l *line, orderDay int64, size sizes) {
	l.part = s.between(1, size.parts)
	l.supplier = supplierOf(l.part, s.between(0, suppliersPerPart-1), size.suppliers)
	l.quantity = s.between(1, 50)
	l.price = l.quantity * retailPrice(l.part)
	l.discount, l.tax = s.between(0, 10), s.between(0, 8)
	l.shipDay = orderDay + s.between(1, 121)
	l.commitDay = orderDay + s.between(30, 90)
	l.receiptDay = l.shipDay + s.between(1, 30)
	l.returned = 'N'
	if l.receiptDay <= currentDay {
		l.returned = "RA"[s.rng.IntN(2)]
	}
	l.instruction, l.mode = s.pick(s.dom.instructions), s.pick(s.dom.modes)
}

// orderRow appends an order as COPY text.
func (s *source) orderRow(b []byte, o *order) []byte {
	b = append(strconv.AppendInt(b, o.key, 10), tab)
	b = append(strconv.AppendInt(b, o.customer, 10), tab)
	b = append(b, o.status, tab)
	b = append(money(b, o.total), tab)
	b = append(date(b, o.day), tab)
	b = append(append(b, o.priority...), tab)
	b = append(numbered(b, "Clerk", o.clerk), tab, '0', tab)
	return s.text(b, 19, 78)
}

// lineRow appends line item n of an order as COPY text.
func (s *source) lineRow(b []byte, o *order, n int) []byte {
	l := &o.lines[n]
	status := byte('F')
	if l.shipDay > currentDay {
		status = 'O'
	}
	for _, key := range [...]int64{o.key, l.part, l.supplier, int64(n + 1), l.quantity} {
		b = append(strconv.AppendInt(b, key, 10), tab)
	}
	for _, cents := range [...]int64{l.price, l.discount, l.tax} {
		b = append(money(b, cents), tab)
	}
	b = append(b, l.returned, tab, status, tab)
	for _, day := range [...]int64{l.shipDay, l.commitDay, l.receiptDay} {
		b = append(date(b, day), tab)
	}
	b = append(append(b, l.instruction...), tab)
	b = append(append(b, l.mode...), tab)
	return s.text(b, 10, 43)
}

func date(b []byte, day int64) []byte {
	return time.Date(1992, time.January, 1+int(day), 0, 0, 0, 0, time.UTC).AppendFormat(b, time.DateOnly)
}
