package resource

func awsFields() map[string]field {
	return map[string]field{
		"ConnectionAWS.method": {about: "what AWS is asked for: a token of RDS or Aurora, credentials of a Redshift cluster by name or by the AWS identity, of a serverless workgroup, a secret of Secrets Manager, or a token of IAM Identity Center",
			enum: []string{"rds", "cluster", "clusterIAM", "serverless", "secret", "identityCenter"}, required: true},
		"ConnectionAWS.region":         {about: "such as eu-central-1", required: true},
		"ConnectionAWS.endpoint":       {about: "a private endpoint for all services", standard: "AWS's own, or as AWS_ENDPOINT_URL says"},
		"ConnectionAWS.cluster":        {about: "the identifier of a Redshift cluster"},
		"ConnectionAWS.workgroup":      {about: "the name of a serverless workgroup"},
		"ConnectionAWS.groups":         {about: "groups of the cluster that the session joins, with method cluster"},
		"ConnectionAWS.autoCreate":     {about: "whether the account is made if it is not there, with method cluster", standard: "false"},
		"ConnectionAWS.minutes":        {about: "for how long credentials are asked, 15 to 60; they are renewed two minutes before their end", standard: "15"},
		"ConnectionAWS.secret":         {about: "the name or ARN of the secret, JSON with username and password, with method secret; it is read again after a minute"},
		"ConnectionAWS.accessKey":      {about: "the access key with which AWS is asked", standard: "the environment's, as AWS's own tools find it"},
		"ConnectionAWS.okta":           {about: "an account of Okta whose AWS application grants the role as which AWS is asked"},
		"ConnectionAWS.role":           {about: "the ARN of a role to assume before AWS is asked"},
		"ConnectionAWS.externalId":     {about: "the external id that the role's owner demands"},
		"ConnectionAWS.identityCenter": {about: "the application, token and role, with method identityCenter"},
		"AWSAccessKey.id":              {about: "its id", required: true},
		"AWSAccessKey.secret":          {about: "where its secret is", required: true},
		"AWSAccessKey.session":         {about: "where the session token of a temporary key is"},
		"AWSOkta.url":                  {about: "the application's address: https://example.okta.com/home/amazon_aws/…", required: true},
		"AWSOkta.user":                 {about: "the account, which needs no second factor", required: true},
		"AWSOkta.password":             {about: "where its password is", required: true},
		"AWSOkta.provider":             {about: "the ARN of the identity provider in AWS", required: true},
		"AWSOkta.role":                 {about: "the ARN of the role that Okta grants", required: true},
		"AWSIdentityCenter.client":     {about: "the ARN of the application in IAM Identity Center", required: true},
		"AWSIdentityCenter.assertion":  {about: "where the outside issuer's token (JWT) is; read anew each time", required: true},
		"AWSIdentityCenter.role":       {about: "the ARN of the role that is assumed for the person", required: true},
	}
}
