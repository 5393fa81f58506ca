package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// progress draws one bar on a terminal, redrawn in place, or prints one line per finished item elsewhere.
type progress struct {
	out io.Writer
	// unit is what is counted.
	unit     string
	terminal bool
	width    int
	drawn    time.Time
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, unit: "rows", width: 30}
	if f, ok := out.(*os.File); ok {
		p.terminal = term.IsTerminal(int(f.Fd()))
	}
	return p
}

// update shows that done of total units of the item are finished. It draws at most ten times a second, and always at
// the end of an item.
func (p *progress) update(item string, done, total int64) {
	finished := done >= total
	if !p.terminal {
		if finished {
			fmt.Fprintf(p.out, "  %-10s %10d %s\n", item, total, p.unit)
		}
		return
	}
	if now := time.Now(); finished || now.Sub(p.drawn) >= 100*time.Millisecond {
		p.drawn = now
		fmt.Fprintf(p.out, "\r  %-10s [%s] %d/%d %s ", item, bar(done, total, p.width), done, total, p.unit)
		if finished {
			fmt.Fprintln(p.out)
		}
	}
}

func bar(done, total int64, width int) string {
	filled := width
	if total > 0 && done < total {
		filled = int(done * int64(width) / total)
	}
	return strings.Repeat("#", filled) + strings.Repeat(".", width-filled)
}
