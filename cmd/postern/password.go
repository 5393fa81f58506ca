package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// errNoPassword says how a password can be given where nobody can be asked.
var errNoPassword = errors.New("standard input is no terminal on which to ask for a password; --password-stdin reads it from there")

// maxPasswordBytes bounds a line from standard input.
const maxPasswordBytes = 4096

// passwords asks for passwords: twice on a terminal, without showing them, or from standard input, one line each, where that is wanted.
type passwords struct {
	terminal *os.File
	lines    *bufio.Reader
	prompt   io.Writer
}

// newPasswords asks on a terminal, or reads lines if the flag says so and there is none.
func newPasswords(cmd *cobra.Command, stdin bool) *passwords {
	p := &passwords{prompt: cmd.ErrOrStderr()}
	in := cmd.InOrStdin()
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal = f
	} else if stdin {
		p.lines = bufio.NewReaderSize(in, maxPasswordBytes)
	}
	return p
}

// passwordFlag adds --password-stdin.
func passwordFlag(cmd *cobra.Command, into *bool, usage string) {
	cmd.Flags().BoolVar(into, "password-stdin", false, usage)
}

// can reports that there is somebody, or something, to ask.
func (p *passwords) can() bool { return p.terminal != nil || p.lines != nil }

// read asks for one password; whose says of whom, such as "of ann".
func (p *passwords) read(ctx context.Context, whose string) (string, error) {
	password, err := p.ask(ctx, strings.TrimSpace("Password "+whose)+": ")
	if err != nil {
		return "", fmt.Errorf("reading password: %w", err)
	}
	if password == "" {
		return "", errors.New("the password is empty")
	}
	if p.terminal == nil {
		return password, nil
	}
	again, err := p.ask(ctx, "Again: ")
	if err != nil {
		return "", fmt.Errorf("reading password: %w", err)
	}
	if password != again {
		return "", errors.New("the passwords differ")
	}
	return password, nil
}

func (p *passwords) ask(ctx context.Context, text string) (string, error) {
	switch {
	case p.terminal != nil:
		return p.hidden(ctx, text)
	case p.lines != nil:
		return p.line()
	}
	return "", usageError{errNoPassword}
}

func (p *passwords) line() (string, error) {
	line, err := p.lines.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("the line is longer than %d bytes", maxPasswordBytes)
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// hidden reads a line that the terminal does not show. An interrupt leaves the terminal as it was.
func (p *passwords) hidden(ctx context.Context, text string) (string, error) {
	fd := int(p.terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	type answer struct {
		text []byte
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		// The reader goes with the process where it is not answered.
		line, err := term.ReadPassword(fd)
		got <- answer{line, err}
	}()
	fmt.Fprint(p.prompt, text)
	defer fmt.Fprintln(p.prompt)
	select {
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	case a := <-got:
		return string(a.text), a.err
	}
}
