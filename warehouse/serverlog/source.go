package serverlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// File is one log file.
type File struct {
	Name     string
	Size     int64
	Modified time.Time
}

// Source is where log files are.
type Source interface {
	// List has every file of the format, in any order.
	List(ctx context.Context) ([]File, error)
	// Read takes at most limit bytes of a file from an offset. A file that is gone is an error that wraps fs.ErrNotExist.
	Read(ctx context.Context, name string, offset, limit int64) ([]byte, error)
}

// Folder is a folder that the server writes its log to (log_directory).
type Folder struct {
	Path string
	// Format is csv or json: the end of the files' names.
	Format string
}

// List implements Source.
func (f Folder) List(context.Context) ([]File, error) {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return nil, fmt.Errorf("listing the server's log: %w", err)
	}
	var out []File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "."+f.Format) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing the server's log: %w", err)
		}
		if info.Mode().IsRegular() {
			out = append(out, File{e.Name(), info.Size(), info.ModTime()})
		}
	}
	return out, nil
}

// Read implements Source.
func (f Folder) Read(_ context.Context, name string, offset, limit int64) (_ []byte, err error) {
	file, err := os.Open(filepath.Join(f.Path, filepath.Base(name)))
	if err != nil {
		return nil, fmt.Errorf("reading the server's log: %w", err)
	}
	defer func() { _ = file.Close() }() // read only
	text, err := io.ReadAll(io.NewSectionReader(file, offset, limit))
	if err != nil {
		return nil, fmt.Errorf("reading the server's log: %w", err)
	}
	return text, nil
}

// Server asks the server for its log (pg_ls_logdir and pg_read_binary_file), for which the role needs pg_monitor and pg_read_server_files. The
// connection must not be used by anybody else meanwhile.
type Server struct {
	Conn *pgconn.PgConn
	// Format is csv or json: the end of the files' names.
	Format string
}

// List implements Source.
func (s Server) List(ctx context.Context) ([]File, error) {
	r := s.Conn.ExecParams(ctx, `SELECT name, size, extract(epoch FROM modification)::numeric * 1000000 FROM pg_catalog.pg_ls_logdir()
		WHERE pg_catalog.right(name, $1::int) = $2`, [][]byte{[]byte(strconv.Itoa(len(s.Format) + 1)), []byte("." + s.Format)}, nil, nil, nil).Read()
	if r.Err != nil {
		return nil, fmt.Errorf("listing the server's log: %w", r.Err)
	}
	var out []File
	for _, row := range r.Rows {
		size, err := strconv.ParseInt(string(row[1]), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("listing the server's log: %w", err)
		}
		whole, _, _ := strings.Cut(string(row[2]), ".")
		at, err := strconv.ParseInt(whole, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("listing the server's log: %w", err)
		}
		out = append(out, File{string(row[0]), size, time.UnixMicro(at)})
	}
	return out, nil
}

// Read implements Source.
func (s Server) Read(ctx context.Context, name string, offset, limit int64) ([]byte, error) {
	r := s.Conn.ExecParams(ctx, `SELECT pg_catalog.pg_read_binary_file(pg_catalog.rtrim(pg_catalog.current_setting('log_directory'), '/') || '/' || $1, $2, $3, true)`,
		[][]byte{[]byte(filepath.Base(name)), strconv.AppendInt(nil, offset, 10), strconv.AppendInt(nil, limit, 10)}, nil, nil, []int16{1}).Read()
	if r.Err != nil {
		return nil, fmt.Errorf("reading the server's log: %w", r.Err)
	}
	if len(r.Rows) != 1 || r.Rows[0][0] == nil {
		return nil, fmt.Errorf("reading the server's log: %s: %w", name, fs.ErrNotExist)
	}
	return r.Rows[0][0], nil
}
