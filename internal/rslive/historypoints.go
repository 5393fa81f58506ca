package rslive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// historyWait bounds the wait for a statement in the history.
const historyWait = 2 * time.Minute

// historyPoints are about putting statements on record (docs/direct-audit.md).
func historyPoints() []Point {
	return []Point{
		{Name: "history-latency", Proves: "that a statement is in SYS_QUERY_HISTORY within the 15 minutes that each look reads again, and how soon", try: historyLatency},
		{Name: "history-session", Proves: "that session_id in the history is pg_backend_pid() of the session, by which who acts as another is told", try: historySession},
		{Name: "history-lines", Proves: "how a new line of a statement's text is kept", try: historyLines},
		{Name: "history-long-text", Proves: "that SYS_QUERY_TEXT has all of a text of 20,000 characters, in pieces", try: historyLong},
		{Name: "history-parameters", Proves: "that parameters of a statement are in no text of the history: keys of masks that are built in are sent so", try: historyParameters},
		{Name: "history-procedures", Proves: "whether statements of a procedure with its owner's rights are in the history, and as whose", try: historyProcedures},
	}
}

// find waits until the history has a statement with a word in it, and gives columns of it.
func (c *Cluster) find(ctx context.Context, word, columns string) (string, error) {
	for end := time.Now().Add(historyWait); ; {
		got, err := c.Ask(ctx, c.Admin, "SELECT "+columns+" FROM sys_query_history WHERE query_text LIKE '%"+word+"%' AND query_text NOT LIKE '%sys_query_history%' AND status = 'success' ORDER BY query_id LIMIT 5")
		if err != nil || got != "" {
			return got, err
		}
		if time.Now().After(end) {
			return "", fmt.Errorf("no statement with %s is in the history after %s", word, historyWait)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func historyLatency(ctx context.Context, c *Cluster) (string, error) {
	word := c.Schema + "_latency"
	if _, err := c.Ask(ctx, c.Admin, "SELECT id AS "+word+" FROM $s.t"); err != nil {
		return "", err
	}
	began := time.Now()
	_, err := c.find(ctx, word, "query_id")
	return "it was there after " + time.Since(began).Round(100*time.Millisecond).String(), err
}

func historySession(ctx context.Context, c *Cluster) (string, error) {
	word := c.Schema + "_session"
	pid, err := c.Ask(ctx, c.Admin, "SELECT pg_backend_pid()")
	if err != nil {
		return "", err
	}
	if _, err := c.Ask(ctx, c.Admin, "SELECT id AS "+word+" FROM $s.t"); err != nil {
		return "", err
	}
	got, err := c.find(ctx, word, "session_id")
	if err != nil || got != pid {
		return "", errors.Join(err, fmt.Errorf("session_id is %q, and pg_backend_pid() %q", got, pid))
	}
	return got, nil
}

func historyLines(ctx context.Context, c *Cluster) (string, error) {
	word := c.Schema + "_lines"
	if _, err := c.Ask(ctx, c.Admin, "SELECT id -- a note\nAS "+word+" FROM $s.t"); err != nil {
		return "", err
	}
	got, err := c.find(ctx, word, "query_text")
	if err != nil {
		return "", err
	}
	switch {
	case strings.Contains(got, "note\n"):
		return told("as a new line")
	case strings.Contains(got, `note\n`):
		return told("as two characters")
	}
	return "", fmt.Errorf("as neither a new line nor two characters: %q", got)
}

func historyLong(ctx context.Context, c *Cluster) (string, error) {
	word := c.Schema + "_long"
	text := "SELECT id AS " + word + ", '" + strings.Repeat("x", 20_000) + "' FROM " + c.Schema + ".t"
	if _, err := c.Ask(ctx, c.Admin, text); err != nil {
		return "", err
	}
	number, err := c.find(ctx, word, "query_id")
	if err != nil {
		return "", err
	}
	got, err := c.Ask(ctx, c.Admin, `SELECT "text" FROM sys_query_text WHERE query_id = `+number+" ORDER BY sequence")
	if err != nil {
		return "", err
	}
	if joined := strings.ReplaceAll(got, ";", ""); !strings.HasPrefix(joined, text) {
		return "", fmt.Errorf("%d of %d characters are there", len(joined), len(text))
	}
	return fmt.Sprintf("%d pieces", strings.Count(got, ";")+1), nil
}

func historyParameters(ctx context.Context, c *Cluster) (string, error) {
	word, sent := c.Schema+"_parameters", "sent_"+c.Schema
	if err := c.Exec(ctx, "CREATE TABLE $s."+word+" (a varchar(64))"); err != nil {
		return "", err
	}
	result := c.Admin.ExecParams(ctx, "INSERT INTO "+c.Schema+"."+word+" (a) VALUES ($1)", [][]byte{[]byte(sent)}, nil, nil, nil).Read()
	if result.Err != nil {
		return "", result.Err
	}
	if _, err := c.find(ctx, "INSERT INTO "+c.Schema+"."+word, "query_id"); err != nil {
		return "", err
	}
	for _, texts := range []string{"sys_query_history WHERE query_text", `sys_query_text WHERE "text"`} {
		got, err := c.Ask(ctx, c.Admin, "SELECT count(*) FROM "+texts+" LIKE '%"+sent+"%' AND query_id NOT IN (SELECT query_id FROM sys_query_history WHERE query_text LIKE '%sys_query_%')")
		if err != nil || got != "0" {
			return "", errors.Join(err, fmt.Errorf("%s texts have what was sent as a parameter", got))
		}
	}
	return told("no text has it")
}

func historyProcedures(ctx context.Context, c *Cluster) (string, error) {
	word := c.Schema + "_inside"
	if err := c.Exec(ctx, "CREATE TABLE $s.inside (a integer)", "CREATE OR REPLACE PROCEDURE $s.inner_statements() AS $$ BEGIN INSERT INTO $s.inside SELECT id AS "+word+" FROM $s.t; END; $$ LANGUAGE plpgsql SECURITY DEFINER",
		"GRANT EXECUTE ON PROCEDURE $s.inner_statements() TO ROLE $r"); err != nil {
		return "", err
	}
	if _, err := c.Reads(ctx, "CALL $s.inner_statements()"); err != nil {
		return "", err
	}
	if _, err := c.find(ctx, "CALL "+c.Schema+".inner_statements", "query_id"); err != nil {
		return "", err
	}
	got, err := c.Ask(ctx, c.Admin, "SELECT DISTINCT user_id FROM sys_query_history WHERE query_text LIKE '%INSERT INTO%"+word+"%' AND query_text NOT LIKE 'CREATE%' AND query_text NOT LIKE '%sys_query_history%'")
	if err != nil {
		return "", err
	}
	if got == "" {
		return told("they are not there when the CALL is")
	}
	return told("they are there, as account number %s", got)
}
