package rsconform_test

import (
	"testing"

	"github.com/posternsql/postern/internal/rsconform"
)

// TestUnload: what is not of the form that Postern prints is seen, each for a reason of its own.
func TestUnload(t *testing.T) {
	const head, query = `UNLOAD ('SELECT "postern_t"."a" FROM "s"."t" AS "postern_t" WHERE ("postern_t"."a" = ''x'')')`, `SELECT "postern_t"."a" FROM "s"."t" AS "postern_t" WHERE ("postern_t"."a" = 'x')`
	for _, tail := range []string{` TO 's3://bkt/a/b_' IAM_ROLE DEFAULT`, ` TO 's3://bkt/a/' IAM_ROLE 'arn:aws:iam::123456789012:role/r' KMS_KEY_ID 'a-b' ENCRYPTED PARTITION BY ("a") INCLUDE FORMAT AS CSV HEADER DELIMITER AS '	'`} {
		if got, err := rsconform.Unload(head + tail); err != nil || got != query {
			t.Errorf("%s: %q %v", tail, got, err)
		}
	}
	for _, sql := range []string{
		head, head + ` TO 's3://bkt/a/b_'`, head + ` TO 's3://bkt/../b_' IAM_ROLE DEFAULT`, head + ` TO 's3://bkt' IAM_ROLE DEFAULT`, head + ` TO 'S3://bkt/a' IAM_ROLE DEFAULT`,
		head + ` TO 's3://bkt/a' IAM_ROLE DEFAULT CREDENTIALS 'x'`, head + ` TO 's3://bkt/a' IAM_ROLE DEFAULT PARTITION BY (a)`, head + ` TO 's3://bkt/a' IAM_ROLE DEFAULT; SELECT 1`,
		`UNLOAD ('SELECT \'x\'') TO 's3://bkt/a' IAM_ROLE DEFAULT`, `UNLOAD ('SELECT "a" FROM "t" AS "u"') TO 's3://bkt/a' IAM_ROLE DEFAULT`, `UNLOAD ('DROP TABLE "s"."t"') TO 's3://bkt/a' IAM_ROLE DEFAULT`,
		`UNLOAD ($$SELECT 1$$) TO 's3://bkt/a' IAM_ROLE DEFAULT`, `UNLOAD ('SELECT 1' 'x') TO 's3://bkt/a' IAM_ROLE DEFAULT`,
	} {
		if _, err := rsconform.Unload(sql); err == nil {
			t.Errorf("nothing is said of: %s", sql)
		}
	}
}
