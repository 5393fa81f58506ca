package rewrite

import "google.golang.org/protobuf/reflect/protoreflect"

// eachMessage visits the messages right below one.
func eachMessage(m protoreflect.Message, visit func(protoreflect.Message)) {
	anyMessage(m, func(child protoreflect.Message) bool {
		visit(child)
		return false
	})
}

// anyMessage reports whether one of the messages right below m is what is looked for; it stops at the first.
func anyMessage(m protoreflect.Message, is func(protoreflect.Message) bool) bool {
	found := false
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i, list := 0, v.List(); i < list.Len() && !found; i++ {
				found = is(list.Get(i).Message())
			}
		default:
			found = is(v.Message())
		}
		return !found
	})
	return found
}
