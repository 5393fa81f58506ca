// Package impact says what a change would do before it is applied.
//
// Floor 6: above the rewriter and the control plane.
//
//   - report.go: Report, who gains and who loses what, and which statements change
//   - people.go: the comparison of decisions, over all users and sources
//   - statements.go: the statements on record, rewritten under both
//   - text.go: the report as people read it
//
// The life of one report: what is in force and what would be are two States. Sources on which both decide alike for everybody are passed over;
// on the others each person's two decisions are compared, and people for whom the same changes are told together. Then each text that the
// audit log has of the last days is rewritten under both.
//
// It must never put anything in force, and never say that nothing changes where it did not look: what it leaves out is counted.
package impact
