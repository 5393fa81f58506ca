package arch_test

import (
	"os"
	"testing"

	"github.com/posternsql/postern/internal/arch"
)

// TestArchitecture holds this module to the rules.
func TestArchitecture(t *testing.T) {
	files, err := arch.Read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	// A reader that lost its way would find nothing wrong.
	floors := map[int]bool{}
	for _, room := range arch.Table() {
		for _, f := range files {
			if room.Kind == arch.Product && f.Folder == room.Path {
				floors[room.Floor] = true
			}
		}
	}
	if len(files) < 50 || len(floors) < 6 {
		t.Fatalf("read only %d files on %d floors", len(files), len(floors))
	}
	for _, violation := range arch.Check(arch.Table(), files) {
		t.Error(violation)
	}
	t.Logf("%d files on %d floors", len(files), len(floors))
}
