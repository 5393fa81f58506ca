// Package resource reads resource files: connections, people, sources and policies, as administrators write them.
//
// Floor 5, below control: it imports policy and warehouse for the types that files fill, and does no network I/O.
//
//   - resource.go: Set, the kinds, Load
//   - connection.go, user.go, group.go, source.go: what one kind holds and what makes it wrong
//   - planned.go, plannedkinds.go: kinds that are read and checked, and that nothing enforces yet
//   - references.go: what makes a set wrong as a whole
//   - file.go: which files a path means, and how much is read
//   - documents.go, writable.go: Document: one resource as it was written, its text, and a set made of documents
//   - document.go: one file to its YAML documents, bounded
//   - decode.go: one YAML node to a Go value, strictly
//   - mistake.go: Mistake and Mistakes, with file and line
//   - fields.go, schema.go: what each field means, as a JSON Schema and as the tables of docs/resources.md
//   - server.go: ServerConfig, the configuration of `postern serve`
//   - name.go: what may be a name
//
// The life of one file: it is read within its bounds; split into documents whose nodes are counted and which hold no
// anchors, aliases or tags; each document's kind picks a Go type; the strict decoder fills it and notes every field that
// it does not know, every one given twice and every value of the wrong form; the resource validates itself; the set looks
// for duplicates and for references that lead nowhere. All mistakes of all files are reported at once.
//
// It must never take what it does not know, read more than its bounds, or repeat a secret in a message.
package resource
