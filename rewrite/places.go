package rewrite

import (
	"cmp"
	"slices"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/rewrite/redshift"
)

// An error of the warehouse says where in the text that it parsed, which is ours. The printed text is read back into a tree that equals
// the judged one, so each node has two places: in the printed text, and in the client's, unless it comes from a View or another
// text of ours. Those have no place (unplace), so an error in one of them has none either.

// Place is one node's place in both texts, in characters from 1.
type Place struct{ Printed, Client int32 }

// maxPlaces bounds how many places of one statement are kept.
const maxPlaces = 20_000

// ClientPosition turns a position in SQL, in characters from 1, into one in the client's text. It is 0 where what stands there does not
// come from the client's text.
func (s *Statement) ClientPosition(printed int) int {
	i, found := slices.BinarySearchFunc(s.Places, printed, func(p Place, at int) int { return cmp.Compare(int(p.Printed), at) })
	if !found {
		return 0
	}
	return int(s.Places[i].Client)
}

// places pairs the nodes of two equal trees.
func places(sql, printed string, judged, again *pg.Node) []Place {
	var offsets []Place
	pairPlaces(judged.ProtoReflect(), again.ProtoReflect(), &offsets)
	if len(offsets) == 0 || len(offsets) >= maxPlaces {
		return nil
	}
	slices.SortFunc(offsets, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Printed, b.Printed), cmp.Compare(a.Client, b.Client))
	})
	offsets = slices.CompactFunc(offsets, func(a, b Place) bool { return a.Printed == b.Printed })
	inCharacters(printed, offsets, func(p *Place) *int32 { return &p.Printed })
	byClient := slices.Clone(offsets)
	slices.SortFunc(byClient, func(a, b Place) int { return cmp.Compare(a.Client, b.Client) })
	inCharacters(sql, byClient, func(p *Place) *int32 { return &p.Client })
	slices.SortFunc(byClient, func(a, b Place) int { return cmp.Compare(a.Printed, b.Printed) })
	return slices.DeleteFunc(byClient, func(p Place) bool { return p.Client == 0 })
}

// redshiftPlaces is places for a Redshift, whose printed text was translated for the parser like a client's. The places of the client's are those in
// what its text was translated into; see inClientPlaces.
func redshiftPlaces(sql string, judged, again *pg.Node, printed *redshift.Statement) []Place {
	return moved(places(sql, printed.SQL, judged, again), printed, func(p *Place) *int32 { return &p.Printed })
}

// inClientPlaces moves places from the translated text to the client's.
func inClientPlaces(list []Place, translated *redshift.Statement) []Place {
	slices.SortFunc(list, func(a, b Place) int { return cmp.Compare(a.Client, b.Client) })
	return moved(list, translated, func(p *Place) *int32 { return &p.Client })
}

// moved gives one of the two places, by which the list is sorted, as the statement was before its translation.
func moved(list []Place, translation *redshift.Statement, field func(*Place) *int32) []Place {
	at := make([]int, len(list))
	for i := range list {
		at[i] = int(*field(&list[i]))
	}
	for i, to := range translation.Positions(at) {
		*field(&list[i]) = int32(to)
	}
	return inOrder(list)
}

// inOrder sorts places by the printed text, and leaves out what has none.
func inOrder(list []Place) []Place {
	list = slices.DeleteFunc(list, func(p Place) bool { return p.Printed == 0 || p.Client == 0 })
	slices.SortStableFunc(list, func(a, b Place) int { return cmp.Compare(a.Printed, b.Printed) })
	return slices.CompactFunc(list, func(a, b Place) bool { return a.Printed == b.Printed })
}

// inCharacters turns byte offsets, which are sorted, into positions in characters from 1; 0 beyond the text.
func inCharacters(text string, list []Place, field func(*Place) *int32) {
	at, characters := 0, 0
	for i := range list {
		offset := field(&list[i])
		if int(*offset) > len(text) || int(*offset) < at {
			*offset = 0
			continue
		}
		characters += utf8.RuneCountInString(text[at:*offset])
		at = int(*offset)
		*offset = int32(characters + 1)
	}
}

// pairPlaces collects the byte offsets of nodes that have one in both trees. Offset 0 of the client's is taken for none: nodes that we
// make have it.
func pairPlaces(a, b protoreflect.Message, out *[]Place) {
	if len(*out) >= maxPlaces {
		return
	}
	a.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() == protoreflect.Int32Kind && f.Name() == "location" && !f.IsList():
			if client, printed := v.Int(), b.Get(f).Int(); client > 0 && printed >= 0 {
				*out = append(*out, Place{int32(printed), int32(client)})
			}
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			list, other := v.List(), b.Get(f).List()
			for i := 0; i < min(list.Len(), other.Len()); i++ {
				pairPlaces(list.Get(i).Message(), other.Get(i).Message(), out)
			}
		case b.Has(f):
			pairPlaces(v.Message(), b.Get(f).Message(), out)
		}
		return true
	})
}

// unplace takes the places out of a tree that was not parsed from the client's text.
func unplace(n *pg.Node) { unplaceMessage(n.ProtoReflect()) }

func unplaceMessage(m protoreflect.Message) {
	if f := m.Descriptor().Fields().ByName("location"); f != nil && f.Kind() == protoreflect.Int32Kind {
		m.Set(f, protoreflect.ValueOfInt32(-1))
	}
	eachMessage(m, unplaceMessage)
}
