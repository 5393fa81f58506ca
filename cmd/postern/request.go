package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// accessRequest is one request as the API shows it.
type accessRequest struct {
	ID         int64      `json:"id"`
	User       string     `json:"user"`
	Source     string     `json:"source,omitempty"`
	Policy     string     `json:"policy,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Seconds    int64      `json:"seconds,omitempty"`
	Status     string     `json:"status"`
	Answer     string     `json:"answer,omitempty"`
	AnsweredBy string     `json:"answeredBy,omitempty"`
	AskedAt    time.Time  `json:"askedAt"`
	EndsAt     *time.Time `json:"endsAt,omitempty"`
}

// about is what is asked for.
func (r *accessRequest) about() string {
	if r.Source != "" {
		return r.Source
	}
	return "policy " + r.Policy
}

func requestTable(w io.Writer, all []accessRequest) error {
	fmt.Fprintln(w, "ID\tSTATUS\tWHO\tFOR\tREASON\tENDS\tANSWER")
	for i := range all {
		r := &all[i]
		ends := ""
		if r.EndsAt != nil {
			ends = r.EndsAt.Local().Format("2006-01-02 15:04:05")
		}
		if _, err := fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Status, r.User, r.about(), r.Reason, ends, strings.TrimSpace(r.AnsweredBy+" "+r.Answer)); err != nil {
			return err
		}
	}
	return nil
}

func newRequest() *cobra.Command {
	var c client
	var output, policy, reason, status string
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "request [CONNECTION.SCHEMA.TABLE | --policy NAME] --reason TEXT",
		Short: "Ask for access to a source, or list requests",
		Long: `Asks those whom a subscription policy names for access to a source. Without a source it lists one's own requests and those that one may
answer. It wants a token of one's own (an APIToken with user) in POSTERN_TOKEN. The answer never tells whether there is what was asked for.`,
		Example: "  postern request tpch.public.orders --reason \"quarterly report\" --for 720h\n  postern request --status pending",
		Args:    kindArgs(0, 1),
		// What there is to ask for nobody is told.
		ValidArgsFunction: completeNothing,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(output, allFormats()...); err != nil {
				return err
			}
			if len(args) == 0 && policy == "" {
				query := url.Values{}
				if status != "" {
					query.Set("status", status)
				}
				var list struct {
					Requests []accessRequest `json:"requests"`
				}
				if err := c.do(cmd.Context(), http.MethodGet, "/v1/requests", query, nil, &list); err != nil {
					return err
				}
				return printAs(cmd.OutOrStdout(), output, list, func(w io.Writer) error { return requestTable(w, list.Requests) })
			}
			if len(args) == 1 && policy != "" || reason == "" || lasts < 0 {
				return usageError{errors.New("request wants a source or --policy, and --reason")}
			}
			body := map[string]any{"policy": policy, "reason": reason, "seconds": int64(lasts / time.Second)}
			if len(args) == 1 {
				body["source"] = args[0]
			}
			var r accessRequest
			if err := c.do(cmd.Context(), http.MethodPost, "/v1/requests", nil, body, &r); err != nil {
				return err
			}
			return printAs(cmd.OutOrStdout(), output, r, func(w io.Writer) error { return requestTable(w, []accessRequest{r}) })
		},
	}
	c.flag(cmd)
	outputFlag(cmd, &output, allFormats()...)
	cmd.Flags().StringVar(&policy, "policy", "", "the subscription policy, instead of a source")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who answer")
	cmd.Flags().StringVar(&status, "status", "", "list only these: pending, approved, denied, expired, revoked")
	cmd.Flags().DurationVar(&lasts, "for", 0, "for how long, such as 720h; without it for good")
	_ = cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions([]string{"pending", "approved", "denied", "expired", "revoked"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// newAnswer makes approve, deny and revoke.
func newAnswer(verb, short, long string) *cobra.Command {
	var c client
	var output, text string
	var lasts time.Duration
	cmd := &cobra.Command{
		Use: verb + " ID", Short: short, Long: long, Args: kindArgs(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(output, allFormats()...); err != nil {
				return err
			}
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || lasts < 0 {
				return usageError{errors.New(verb + " wants the number of a request")}
			}
			var r accessRequest
			body := map[string]any{"text": text, "seconds": int64(lasts / time.Second)}
			if err := c.do(cmd.Context(), http.MethodPost, fmt.Sprintf("/v1/requests/%d/%s", id, verb), nil, body, &r); err != nil {
				return err
			}
			return printAs(cmd.OutOrStdout(), output, r, func(w io.Writer) error { return requestTable(w, []accessRequest{r}) })
		},
	}
	c.flag(cmd)
	outputFlag(cmd, &output, allFormats()...)
	cmd.Flags().StringVar(&text, "text", "", "what to say to it")
	cmd.ValidArgsFunction = completeRequests(&c, "pending")
	if verb == "revoke" {
		cmd.ValidArgsFunction = completeRequests(&c, "approved")
	}
	if verb == "approve" {
		cmd.Flags().DurationVar(&lasts, "for", 0, "for how long, such as 24h; without it as asked")
	}
	return cmd
}

func newAnswers() []*cobra.Command {
	return []*cobra.Command{
		newAnswer("approve", "Approve a request for access", `Approves a request. Who may is said by the subscription policy; where it wants several to approve, the request stays pending until they have.
It wants a token of one's own in POSTERN_TOKEN.`),
		newAnswer("deny", "Deny a request for access", "Denies a request that is pending. Those may whom the policy names, and administrators."),
		newAnswer("revoke", "Take back access that was given on request", "Takes back access that was given on request, from the next statement on. Those may whom the policy names, and administrators."),
	}
}
