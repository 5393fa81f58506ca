package policy

import (
	"errors"
	"fmt"
	"strings"
)

const s3Scheme = "s3://"

// maxS3Bytes bounds a place in S3: a key has at most 1,024 bytes (S3 User Guide, "Naming Amazon S3 objects"), and the warehouse puts numbers behind it.
const maxS3Bytes = 900

// S3Folder is a place in S3 below which files may be written. The zero value holds nothing.
type S3Folder struct{ text string }

// ParseS3Folder reads `s3://bucket` or `s3://bucket/folder`. A slash at its end changes nothing.
func ParseS3Folder(text string) (S3Folder, error) {
	if err := checkS3(text); err != nil {
		return S3Folder{}, err
	}
	return S3Folder{strings.TrimSuffix(text, "/")}, nil
}

// String is the folder without a slash at its end.
func (f S3Folder) String() string { return f.text }

// Holds reports that whatever is written under a name that begins with the destination lies in the folder. A warehouse puts the numbers of files right behind
// the destination, so one that is the folder's own name without a slash is outside: it is the beginning of names beside the folder.
func (f S3Folder) Holds(destination string) bool {
	return f.text != "" && CheckS3Destination(destination) == nil && strings.HasPrefix(destination, f.text+"/")
}

// within reports that one folder is the other, or lies in it.
func (f S3Folder) within(other S3Folder) bool {
	return f == other || other.text != "" && strings.HasPrefix(f.text, other.text+"/")
}

// CheckS3Destination says what of a destination is not of the form `s3://bucket/folder/name`, in words.
func CheckS3Destination(text string) error {
	if err := checkS3(text); err != nil {
		return err
	}
	if !strings.Contains(text[len(s3Scheme):], "/") {
		return errors.New("it names a bucket and nothing in it")
	}
	return nil
}

// checkS3 wants exactly one way to write each place: nothing is decoded, folded or made shorter, here or by whoever reads it later.
func checkS3(text string) error {
	rest, ok := strings.CutPrefix(text, s3Scheme)
	if !ok {
		return fmt.Errorf("it does not begin with %s", s3Scheme)
	}
	if len(text) > maxS3Bytes {
		return fmt.Errorf("it is longer than %d bytes", maxS3Bytes)
	}
	bucket, key, folders := strings.Cut(rest, "/")
	if err := checkBucket(bucket); err != nil {
		return err
	}
	if !folders || key == "" {
		return nil
	}
	for _, segment := range strings.Split(strings.TrimSuffix(key, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return fmt.Errorf("a part of it is %q", segment)
		}
		for _, c := range segment {
			if !s3Character(c) {
				return fmt.Errorf("the character %q is not letter, digit or one of - _ . = +", c)
			}
		}
	}
	return nil
}

func s3Character(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.=+", c)
}

// checkBucket holds the rules for the names of buckets (S3 User Guide, "General purpose bucket naming rules").
func checkBucket(bucket string) error {
	edge := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
	ok := len(bucket) >= 3 && len(bucket) <= 63 && edge(bucket[0]) && edge(bucket[len(bucket)-1]) && !strings.Contains(bucket, "..")
	for i := range len(bucket) {
		ok = ok && (edge(bucket[i]) || bucket[i] == '-' || bucket[i] == '.')
	}
	if !ok {
		return errors.New("its bucket has no name of 3 to 63 small letters, digits, hyphens and dots")
	}
	return nil
}
