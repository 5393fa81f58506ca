package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/posternsql/postern/control/store"
)

func newState() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Back up and restore a state in a file",
		Long:  `Backs up and restores a state in a file. A state in PostgreSQL is backed up with PostgreSQL's own tools: pg_dump --schema=postern_state.`,
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "backup STATE FILE",
		Short: "Copy a state to a file that does not exist yet, while the server runs or not",
		Long: `Copies the state to a file (mode 0600), as it is at one moment, while the server runs or not. The copy is checked. It holds the
verifiers of passwords and no other secret.`,
		Args: kindArgs(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := store.Backup(cmd.Context(), args[0], args[1]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "The state is in %s.\n", args[1])
			return err
		},
	}, &cobra.Command{
		Use:   "restore FILE STATE",
		Short: "Make a state of a backup, where there is none, with the server stopped",
		Long: `Makes a state of a backup. A state that is there is not replaced: move it away first. The server has to be stopped; it answers
by what the backup holds from its next start on.`,
		Args: kindArgs(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, behind := range []string{"", "-wal", "-shm"} {
				if _, err := os.Stat(args[1] + behind); !errors.Is(err, fs.ErrNotExist) {
					return fmt.Errorf("%s is there: move it away first", args[1]+behind)
				}
			}
			if err := store.Backup(cmd.Context(), args[0], args[1]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "The state is in %s.\n", args[1])
			return err
		},
	})
	return cmd
}
