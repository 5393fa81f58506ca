// Command postern-lambda is the AWS Lambda function behind the keyed masks of Amazon Redshift: package lambda as a program for the runtime
// provided.al2023. docs/lambda.md says how it is deployed.
//
// Its environment:
//
//	POSTERN_ACCESS    name or ARN of the secret with the access document; required
//	POSTERN_FRESH     how long it is used before it is read again (5s)
//	POSTERN_STALE     how long it is used when it cannot be read again (1m)
//	POSTERN_KEEP_KEYS how long a key is kept (5m)
//
// Floor 8: main.go reads the environment and starts; secrets.go is Secrets Manager as the place of keys.
package main
