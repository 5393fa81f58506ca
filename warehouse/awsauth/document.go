package awsauth

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// Document is a secret of Secrets Manager that is written: by the identity that AWS's SDK finds in the environment. The secret has to be there.
type Document struct {
	// Region such as eu-central-1; Name is the secret's name or ARN.
	Region, Name string
}

// Read is the secret's current version; nothing where it has none yet.
func (d Document) Read(ctx context.Context) ([]byte, error) {
	settings, err := Config{Region: d.Region}.settings(ctx)
	if err != nil {
		return nil, err
	}
	out, err := secretsmanager.NewFromConfig(settings).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(d.Name)})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading secret %s: %w", d.Name, err)
	case out.SecretString != nil:
		return []byte(*out.SecretString), nil
	}
	return out.SecretBinary, nil
}

// Write makes the bytes the secret's current version.
func (d Document) Write(ctx context.Context, document []byte) error {
	settings, err := Config{Region: d.Region}.settings(ctx)
	if err != nil {
		return err
	}
	_, err = secretsmanager.NewFromConfig(settings).PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String(d.Name), SecretBinary: document})
	if err != nil {
		return fmt.Errorf("writing secret %s: %w", d.Name, err)
	}
	return nil
}
