package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/posternsql/postern/secret"
)

// secretsManager is AWS Secrets Manager as a lambda.Store.
type secretsManager struct{ client *secretsmanager.Client }

// Secret implements lambda.Store with the secret's current version, text or binary.
func (s secretsManager) Secret(ctx context.Context, name string) (secret.Value, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(name)})
	if err != nil {
		return secret.Value{}, fmt.Errorf("reading secret %s: %w", name, err)
	}
	if out.SecretString != nil {
		return secret.NewValue(*out.SecretString), nil
	}
	return secret.NewValue(string(out.SecretBinary)), nil
}
