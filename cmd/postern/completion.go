package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/posternsql/postern/control/resource"
)

// completionTimeout bounds the wait of a shell for a server.
const completionTimeout = 2 * time.Second

// completer completes arguments. What a running server does not tell, in time or to this token, is not completed.
type completer = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

// completed is an answer without names of files.
func completed(words []string) ([]string, cobra.ShellCompDirective) {
	return words, cobra.ShellCompDirectiveNoFileComp
}

// completeNothing keeps a shell from offering files.
func completeNothing(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return completed(nil)
}

// completeResource completes KIND, NAME of what the server has, and VERSION of it.
func completeResource(c *client, most int) completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return completed(nil)
		}
		if len(args) == 0 {
			return completed(resource.Kinds())
		}
		kind, err := kindOf(args[0])
		switch {
		case err != nil:
			return completed(nil)
		case len(args) == 1:
			return completed(namesOf(cmd, c, kind))
		case len(args) == 2:
			return completed(versionsOf(cmd, c, kind, args[1]))
		}
		return completed(nil)
	}
}

// completeNames completes the one argument of a command, or the value of a flag.
func completeNames(kind string, c *client) completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return completed(nil)
		}
		return completed(namesOf(cmd, c, kind))
	}
}

// completeFlag completes a flag with the names of what the server has.
func completeFlag(cmd *cobra.Command, flag, kind string, server *string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return completed(namesOf(cmd, &client{server: *server}, kind))
	})
}

// tell asks the server for a completion.
func tell(cmd *cobra.Command, c *client, path string, query url.Values, into any) bool {
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	return c.do(ctx, http.MethodGet, path, query, nil, into) == nil
}

func namesOf(cmd *cobra.Command, c *client, kind string) (names []string) {
	var list struct{ Resources []stored }
	if tell(cmd, c, "/v1/resources", url.Values{"kind": {kind}}, &list) {
		for i := range list.Resources {
			names = append(names, list.Resources[i].Name)
		}
	}
	return names
}

func versionsOf(cmd *cobra.Command, c *client, kind, name string) (words []string) {
	var all struct{ Versions []stored }
	if tell(cmd, c, resourcePath(kind, name)+"/versions", nil, &all) {
		for i := range all.Versions {
			v := &all.Versions[i]
			words = append(words, cobra.CompletionWithDesc(strconv.FormatInt(v.Version, 10), fmt.Sprintf("%s by %s", v.time(), v.Author)))
		}
	}
	return words
}

// completeRequests completes the number of a request in one of some states.
func completeRequests(c *client, statuses ...string) completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var list struct{ Requests []accessRequest }
		if len(args) > 0 || !tell(cmd, c, "/v1/requests", nil, &list) {
			return completed(nil)
		}
		var words []string
		for i := range list.Requests {
			if r := &list.Requests[i]; slices.Contains(statuses, r.Status) {
				words = append(words, cobra.CompletionWithDesc(strconv.FormatInt(r.ID, 10), r.User+" for "+r.about()))
			}
		}
		return completed(words)
	}
}
