package rslive

import (
	"context"
	"fmt"
	"strings"
)

// unloadPoints are about UNLOAD as the proxy prints it (docs/redshift-proxy.md).
func unloadPoints() []Point {
	const needs = "REDSHIFT_TEST_UNLOAD, a folder s3://bucket/folder/ that the cluster's default role may write to"
	const sent = `UNLOAD ('SELECT "postern_t"."id", "postern_t"."owner", CAST(''***'' AS character varying(40)) AS "name" FROM "$s"."t" AS "postern_t" WHERE ("postern_t"."name" = ''Ada'')') TO '$u`
	return []Point{
		unloads("unload-string", "a query with doubled quotes in a string is unloaded by the role of the cluster", needs, sent+`string_' IAM_ROLE DEFAULT FORMAT AS CSV HEADER DELIMITER AS '	' PARALLEL OFF`, ""),
		unloads("unload-partition", "PARTITION BY takes names in quotes, which it folds", needs, sent+`partition' IAM_ROLE DEFAULT PARTITION BY ("owner") INCLUDE FORMAT AS PARQUET`, "UNLOAD with PARQUET"),
		unloads("unload-twice", "UNLOAD without ALLOWOVERWRITE leaves what is there as it is, and fails", needs, sent+`string_' IAM_ROLE DEFAULT FORMAT AS CSV HEADER PARALLEL OFF`, "*"),
		unloads("unload-limit", "LIMIT in the outer query is refused", needs, `UNLOAD ('SELECT "id" FROM "$s"."t" LIMIT 1') TO '$ulimit_' IAM_ROLE DEFAULT`, "*"),
		{Name: "unload-names", Proves: "under which names below its place an UNLOAD writes, which is why a place that is a folder's name without a slash is outside of the folder", Needs: needs, try: unloadNames},
	}
}

// unloads is a point that an UNLOAD is taken, or refused: with "*" wherever, with other words on a stand-in alone.
func unloads(name, proves, needs, sql, refused string) Point {
	return Point{Name: name, Proves: proves, Needs: needs, try: func(ctx context.Context, c *Cluster) (string, error) {
		if c.Given.Unload == "" {
			return "", errNeeds("REDSHIFT_TEST_UNLOAD is not set")
		}
		err := c.Exec(ctx, strings.ReplaceAll(sql, "$u", strings.TrimSuffix(c.Given.Unload, "/")+"/"+c.Schema+"/"))
		switch {
		case refused == "*" && err == nil:
			return "", fmt.Errorf("it is taken")
		case refused == "*", c.StandIn && refused != "" && err != nil && strings.Contains(err.Error(), refused):
			return err.Error(), nil
		}
		return "taken", err
	}}
}

// unloadNames asks for the files of the first of these points.
func unloadNames(ctx context.Context, c *Cluster) (string, error) {
	if c.Given.Unload == "" {
		return "", errNeeds("REDSHIFT_TEST_UNLOAD is not set")
	}
	got, err := c.Ask(ctx, c.Admin, "SELECT file_name FROM sys_unload_detail WHERE file_name LIKE '%$s/%' ORDER BY start_time DESC LIMIT 5")
	if sqlState(err) != "" {
		return told("it cannot be asked: %v", err)
	}
	if err != nil {
		return "", err
	}
	return told("%s", got)
}
