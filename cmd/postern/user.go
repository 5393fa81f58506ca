package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/posternsql/postern/admin"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
)

func newUser() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Work with people's credentials",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUserVerifier(), newUserPassword())
	return cmd
}

func newUserVerifier() *cobra.Command {
	return &cobra.Command{
		Use:   "verifier",
		Short: "Turn a password into the SCRAM-SHA-256 verifier that a User resource refers to",
		Long: `Reads a password (asked for twice on a terminal, one line of standard input elsewhere) and prints its
SCRAM-SHA-256 verifier, the form in which PostgreSQL stores passwords too. Put it into a file or an environment variable and
refer to that in the User resource:  verifier: {file: ann.verifier}`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			password, err := newPasswords(cmd, true).read(cmd.Context(), "")
			if err != nil {
				return err
			}
			v, err := identity.NewVerifier(password, identity.DefaultIterations, rand.Reader)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), v.String())
			return err
		},
	}
}

func newUserPassword() *cobra.Command {
	var c client
	var output string
	var stdin bool
	cmd := &cobra.Command{
		Use:   "password NAME",
		Short: "Set a person's password",
		Long: `Asks for a password twice on a terminal, without showing it, makes it a SCRAM-SHA-256 verifier here, and stores that with the User, which has
to be there and not be a file's. The password itself is neither sent nor stored. It holds from the person's next log-in on; sessions that are open stay.

The server is --server or POSTERN_SERVER, the API token, of role admin, is in POSTERN_TOKEN.`,
		Example:           "  postern user password ann\n  pass show ann | postern user password ann --password-stdin",
		Args:              kindArgs(1, 1),
		ValidArgsFunction: completeNames("User", &c),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(output, allFormats()...); err != nil {
				return err
			}
			answer, err := setPassword(cmd, &c, args[0], newPasswords(cmd, stdin))
			if err != nil {
				return err
			}
			return printChanges(cmd.OutOrStdout(), cmd.ErrOrStderr(), answer, output)
		},
	}
	c.flag(cmd)
	outputFlag(cmd, &output, allFormats()...)
	passwordFlag(cmd, &stdin, "read the password from standard input, one line")
	return cmd
}

// setPassword stores a verifier with a User as it is now; what others change meanwhile is a conflict.
func setPassword(cmd *cobra.Command, c *client, name string, from *passwords) (*admin.ApplyAnswer, error) {
	var user stored
	if err := c.do(cmd.Context(), http.MethodGet, resourcePath("User", name), nil, nil, &user); err != nil {
		return nil, err
	}
	if user.File != "" {
		return nil, &apiError{status: http.StatusConflict, message: fmt.Sprintf("User %s belongs to the file %s: change it there", name, user.File)}
	}
	docs, err := resource.ReadDocuments(name, []byte(user.Text))
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 {
		return nil, errors.New("the server's answer is not one User")
	}
	password, err := from.read(cmd.Context(), "of "+name)
	if err != nil {
		return nil, err
	}
	verifier, err := identity.NewVerifier(password, identity.DefaultIterations, rand.Reader)
	if err != nil {
		return nil, err
	}
	text, err := docs[0].With("scram", verifier.String(), "password", "verifier").Text()
	if err != nil {
		return nil, err
	}
	c.header = map[string]string{"If-Match": strconv.FormatInt(user.Version, 10)}
	var answer admin.ApplyAnswer
	return &answer, c.do(cmd.Context(), http.MethodPut, resourcePath("User", name), nil, map[string]any{"text": text}, &answer)
}
