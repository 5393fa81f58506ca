package rsconform

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// unloadOptions are what may follow the query and the place of an UNLOAD, in the order in which Postern prints them.
var unloadOptions = regexp.MustCompile(`^ IAM_ROLE (DEFAULT|'arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=.@/,:-]+')( KMS_KEY_ID '[A-Za-z0-9:/_-]+')?( ENCRYPTED( AUTO)?)?` +
	`( PARTITION BY \(` + name + `(, ` + name + `)*\)( INCLUDE)?)?` +
	`( FORMAT AS (CSV|PARQUET|JSON)| HEADER| BZIP2| GZIP| ZSTD| ADDQUOTES| ESCAPE| ALLOWOVERWRITE| CLEANPATH| MANIFEST( VERBOSE)?| PARALLEL (ON|OFF)` +
	`| (MAXFILESIZE|ROWGROUPSIZE) AS [0-9.]+ (MB|GB)| (DELIMITER|NULL|FIXEDWIDTH|REGION) AS '([^']|'')*'| EXTENSION '[A-Za-z0-9._-]+')*$`)

var unloadPlace = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]+[a-z0-9]/([A-Za-z0-9_.=+-]+/)*[A-Za-z0-9_.=+-]*$`)

// Unload says what of an UNLOAD is not of the form that Postern prints, and returns the query in it. The query must conform by itself, and be one and the same
// whether backslashes are escapes or not.
func Unload(sql string) (query string, _ error) {
	if strings.Contains(sql, `\`) {
		return "", errors.New("a backslash")
	}
	standard, err := split(strings.ReplaceAll(sql, "\t", " "), false)
	if err != nil {
		return "", err
	}
	escaped, err := split(strings.ReplaceAll(sql, "\t", " "), true)
	switch {
	case err != nil:
		return "", err
	case !slices.Equal(standard, escaped):
		return "", errors.New("it reads in two ways")
	case len(standard) < 8 || standard[0].text != "UNLOAD" || standard[1].text != "(" || standard[2].kind != 's' || standard[3].text != ")" || standard[4].text != "TO" || standard[5].kind != 's':
		return "", errors.New("it is not UNLOAD of a query to a place")
	}
	query = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(standard[2].text, "'"), "'"), "''", "'")
	place := strings.Trim(standard[5].text, "'")
	if !unloadPlace.MatchString(place) || slices.Contains(strings.Split(place, "/"), "..") {
		return "", fmt.Errorf("the place %s", place)
	}
	rest, ok := strings.CutPrefix(sql, "UNLOAD ("+standard[2].text+") TO "+standard[5].text)
	if !ok || !unloadOptions.MatchString(rest) {
		return "", errors.New("its options are not on the list")
	}
	return query, Check(query)
}
