package resource

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The bounds of what is read.
const (
	// MaxFileBytes is the largest resource file.
	MaxFileBytes = 8 << 20
	// MaxTotalBytes bounds all files of one set together.
	MaxTotalBytes = 64 << 20
	// MaxFiles bounds the files of one set.
	MaxFiles = 10_000
	// maxFolderDepth bounds folders within folders.
	maxFolderDepth = 16
)

// Files lists the files that the paths mean, without duplicates: a file as it is, and of a folder every *.yaml and *.yml in it and in the folders
// below, in order of name. Names that begin with a dot are left out. A path that does not exist, and a folder without any
// resource file, are errors: an empty set of policies must not come from a typing mistake.
func Files(paths []string) ([]string, error) {
	var files []string
	var mistakes []error
	for _, path := range paths {
		found, err := expand(path)
		if err != nil {
			mistakes = append(mistakes, err)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	files = slices.Compact(files)
	if len(files) > MaxFiles {
		mistakes = append(mistakes, fmt.Errorf("more than %d resource files", MaxFiles))
	}
	return files, errors.Join(mistakes...)
}

func expand(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{filepath.Clean(path)}, nil
	}
	var files []string
	root := filepath.Clean(path)
	err = filepath.WalkDir(root, func(p string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case p != root && strings.HasPrefix(name, "."):
			if entry.IsDir() {
				return filepath.SkipDir
			}
		case entry.IsDir():
			if rel, _ := filepath.Rel(root, p); strings.Count(rel, string(filepath.Separator)) >= maxFolderDepth {
				return fmt.Errorf("%s: folders are nested deeper than %d", p, maxFolderDepth)
			}
		case strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml"):
			files = append(files, p)
		}
		if len(files) > MaxFiles {
			return fmt.Errorf("%s: more than %d resource files", root, MaxFiles)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: no *.yaml or *.yml file in this folder", root)
	}
	return files, err
}

// readBounded reads a regular file of at most MaxFileBytes.
func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxFileBytes {
		return nil, fmt.Errorf("the file is larger than %d MiB", MaxFileBytes>>20)
	}
	return text, nil
}
