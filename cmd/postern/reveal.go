package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newReveal() *cobra.Command {
	var server, user, column, reason string
	cmd := &cobra.Command{
		Use:   "reveal --user USER --column CONNECTION.SCHEMA.TABLE.COLUMN --reason TEXT TOKEN...",
		Short: "Turn tokens of reversible and format-preserving masks back into values, on record",
		Long: `Asks the running server for the values behind tokens of a reversible or format-preserving mask, for a person who may
see them: one who sees raw, in all rows, every column under the same token domain. The domain's TokenDomain resource must give its key.

The server is --server or POSTERN_SERVER, the API token is in POSTERN_TOKEN. Prints one value a line, empty for what
is no token. A format-preserving mask has a value for every text of the form, whether or not it is a token. Who asked, for whom, why and how many tokens is on the audit record.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("reveal wants at least one token")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			parts := strings.Split(column, ".")
			if user == "" || reason == "" || len(parts) != 4 {
				return usageError{errors.New("reveal wants --user, --reason and --column CONNECTION.SCHEMA.TABLE.COLUMN")}
			}
			var answer struct{ Values []*string }
			err := callAPI(cmd.Context(), server, "/v1/reveal", map[string]any{
				"user": user, "connection": parts[0], "schema": parts[1], "table": parts[2], "column": parts[3], "tokens": args, "reason": reason,
			}, &answer)
			if err != nil {
				return err
			}
			for _, v := range answer.Values {
				if v == nil {
					v = new(string)
				}
				fmt.Fprintln(cmd.OutOrStdout(), *v)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&server, "server", "", "address of the server's API (POSTERN_SERVER, else http://127.0.0.1:8432)")
	cmd.Flags().StringVar(&user, "user", "", "the person who is to see the values")
	cmd.Flags().StringVar(&column, "column", "", "the column that the tokens are from")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit record")
	return cmd
}
