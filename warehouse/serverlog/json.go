package serverlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"time"
)

// jsonEntry has the keys of the manual, 20.8.5.
type jsonEntry struct {
	Timestamp   string `json:"timestamp"`
	User        string `json:"user"`
	Database    string `json:"dbname"`
	Host        string `json:"remote_host"`
	Port        int    `json:"remote_port"`
	Session     string `json:"session_id"`
	Line        int64  `json:"line_num"`
	Tag         string `json:"ps"`
	Severity    string `json:"error_severity"`
	SQLState    string `json:"state_code"`
	Message     string `json:"message"`
	Detail      string `json:"detail"`
	Context     string `json:"context"`
	Query       string `json:"statement"`
	Application string `json:"application_name"`
	Backend     string `json:"backend_type"`
}

// parseJSON is parseCSV for jsonlog, which has one entry a line.
func parseJSON(text []byte, zone *time.Location) (records []Record, used int, err error) {
	for {
		end := bytes.IndexByte(text[used:], '\n')
		if end < 0 {
			return records, used, nil
		}
		var e jsonEntry
		if err := json.Unmarshal(text[used:used+end], &e); err != nil {
			return records, used, fmt.Errorf("reading a json log: %w", err)
		}
		r := Record{
			User: e.User, Database: e.Database, Client: e.Host, Session: e.Session, Line: e.Line, Tag: e.Tag, Severity: e.Severity, SQLState: e.SQLState,
			Message: e.Message, Detail: e.Detail, Context: e.Context, Query: e.Query, Application: e.Application, Backend: e.Backend,
		}
		if e.Port != 0 {
			r.Client = net.JoinHostPort(e.Host, strconv.Itoa(e.Port))
		}
		if r.Time, err = parseTime(e.Timestamp, zone); err != nil {
			return records, used, err
		}
		records, used = append(records, r), used+end+1
	}
}
