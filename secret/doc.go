// Package secret holds secrets so that they cannot be printed by accident, and
// the references by which configuration names them.
//
// Floor 0: it imports the standard library and the YAML package, nothing of
// this module.
//
//   - value.go: Value, a secret string that every printer shows as ***
//   - ref.go: Ref, {env: NAME} or {file: PATH}, and its resolution
//
// The life of one secret: a resource file carries a Ref; the file is checked
// with Ref.Validate, which touches neither environment nor disk; whoever needs
// the secret calls Ref.Resolve at the moment of use and hands the Value on;
// only the place that speaks to the outside (a warehouse login, a key
// derivation) calls Value.Reveal.
//
// It must never put a secret into an error, a log line or a serialized form,
// and never accept a secret written directly into a configuration file.
package secret
