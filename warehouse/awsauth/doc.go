// Package awsauth logs in to warehouses on AWS: it makes the temporary credentials of Amazon Redshift, RDS and Aurora, and reads those that AWS keeps.
//
// Floor 2, beside warehouse, whose CredentialSource its Source is.
//
//   - config.go: Config, what an administrator says
//   - identity.go: as whom AWS is spoken to: the environment, an access key, an assumed role, a role by Okta (okta.go)
//   - methods.go: what is asked for; identitycenter.go: tokens of IAM Identity Center
//   - document.go: Document, a secret that is written
//   - source.go: Source, which keeps what it got until shortly before it ends
//
// The life of one log-in: warehouse.Config.Login asks the Source; it answers with what it has, or asks AWS, whose client signs as the configured
// identity and renews that identity's own credentials by itself; the warehouse gets account and password, or a token.
//
// It must never log or print a secret, never hand out credentials that have ended, and never fall back to another identity than the configured one.
package awsauth
