// Package queryhistory reads what an Amazon Redshift keeps of the statements that were run there, as entries of a log.
//
// Floor 2: beside warehouse, whose connections it uses, and serverlog, whose entries it gives.
//
//   - reader.go: Reader, which reads on from a Position
//   - views.go: the two generations of system views, and the columns of each that are read
//   - acting.go: who acted as whom by push's procedures
//   - text.go: whole texts, which the views keep in pieces
//
// The life of one statement: it ends, and some time later the view has it, in no order that the server promises. Each look therefore reads
// again what ended within the Overlap before the last entry that was read, page by page; whoever keeps the entries knows by their numbers
// which they have. A statement that still runs is left for later. A long text is put together from its pieces, and is marked as cut where
// pieces are missing.
//
// It must never tell of a statement that has not ended, never take an account that sees only its own statements for one that sees all, and
// never guess: what the views do not say is left empty, and Statement.Unknown says so.
package queryhistory
