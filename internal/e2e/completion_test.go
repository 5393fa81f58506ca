package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completeInBash has bash itself complete the last word of a line, with the script that `postern completion bash` prints. bash-completion, which most
// machines have, takes the line apart; here it is a stand-in.
const completeInBash = `
_get_comp_words_by_ref() { cur="${COMP_WORDS[COMP_CWORD]}"; prev="${COMP_WORDS[COMP_CWORD-1]}"; words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
source <(postern completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
__start_postern
printf '%s\n' "${COMPREPLY[@]}"`

// TestCompletion: shells complete kinds, names and versions of what a running server has and the token may see, and nothing where it cannot be asked.
func TestCompletion(t *testing.T) {
	noticeSources(t)
	o := newOperator(t, startStored(t, "", ""))
	o.must(exitOK, "in force", "apply", "-f", ".")
	server, token := "http://"+adminAddressOf(t, o.servers[0]), firstTokenOf(t, o.servers[0])
	complete := func(token string, words ...string) []string {
		cmd := exec.CommandContext(t.Context(), "bash", append([]string{"--norc", "-c", completeInBash, "bash", "postern"}, words...)...)
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(shared.binary)+":"+os.Getenv("PATH"), "POSTERN_SERVER="+server, "POSTERN_TOKEN="+token)
		out, err := cmd.Output() // bash grumbles that it is not completing
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var found []string
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word != "" {
				found = append(found, word)
			}
		}
		return found
	}
	for _, c := range []struct{ words, want string }{
		{"roll", "rollback"},
		{"get Subs", "SubscriptionPolicy"},
		{"get User ", "ann bob cyd"},
		{"get users b", "bob"},
		{"delete DataPolicy contact", "contact-data"},
		{"history Source tpch.public.na", "tpch.public.nation"},
		{"rollback User ann ", "1"},
		{"rollback User ann 1 ", ""},
		{"user password c", "cyd"},
		{"explain --user a", "ann"},
		{"explain --connection ", "tpch"},
		{"get -o y", "yaml"},
		{"request tpch.", ""},
		{"get Shoe ", ""},
	} {
		if got := complete(token, strings.Split(c.words, " ")...); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("postern %s: completes %q, want %q", c.words, got, c.want)
		}
	}
	if got := complete("nobody's", "get", "User", ""); len(got) != 0 {
		t.Errorf("without a token: %q", got)
	}
	server = "http://127.0.0.1:1"
	if got := complete(token, "get", "User", ""); len(got) != 0 {
		t.Errorf("without a server: %q", got)
	}
	for shell, says := range map[string]string{"zsh": "#compdef postern", "fish": "complete -c postern", "powershell": "Register-ArgumentCompleter"} {
		if out := o.must(exitOK, says, "completion", shell); !strings.Contains(out, "__complete") {
			t.Errorf("the script for %s asks nobody", shell)
		}
	}
}
