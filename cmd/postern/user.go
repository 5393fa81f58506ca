package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/posternsql/postern/identity"
)

// verifierIterations is PostgreSQL's default (scram_iterations).
const verifierIterations = 4096

func newUser() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Work with people's credentials",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "verifier",
		Short: "Turn a password into the SCRAM-SHA-256 verifier that a User resource refers to",
		Long: `Reads a password (asked for twice on a terminal, one line of standard input elsewhere) and prints its
SCRAM-SHA-256 verifier, the form in which PostgreSQL stores passwords too. Put it into a file or an environment variable and
refer to that in the User resource:  verifier: {file: ann.verifier}`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			password, err := readPassword(cmd.InOrStdin(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			v, err := identity.NewVerifier(password, verifierIterations, rand.Reader)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), v.String())
			return err
		},
	})
	return cmd
}

// readPassword asks twice on a terminal and reads one line elsewhere.
func readPassword(in io.Reader, prompt io.Writer) (string, error) {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading password: %w", err)
		}
		return checkPassword(strings.TrimRight(line, "\r\n"))
	}
	ask := func(text string) (string, error) {
		fmt.Fprint(prompt, text)
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(prompt)
		return string(b), err
	}
	first, err := ask("Password: ")
	if err != nil {
		return "", fmt.Errorf("reading password: %w", err)
	}
	second, err := ask("Again: ")
	if err != nil {
		return "", fmt.Errorf("reading password: %w", err)
	}
	if first != second {
		return "", errors.New("the passwords differ")
	}
	return checkPassword(first)
}

func checkPassword(p string) (string, error) {
	if p == "" {
		return "", errors.New("the password is empty")
	}
	return p, nil
}
