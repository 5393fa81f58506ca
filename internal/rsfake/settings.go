package rsfake

import "strings"

// The parameters that a session of Redshift's has (Developer Guide, "Configuration reference"), by where the stand-in keeps
// them: those of the first list are PostgreSQL's own.
const (
	sharedSettings = " application_name client_encoding client_min_messages datestyle extra_float_digits search_path statement_timeout timezone transaction_isolation session_authorization" +
		" is_superuser server_encoding integer_datetimes lc_collate default_transaction_isolation transaction_read_only "
	ownSettings = " analyze_threshold_percent cast_super_null_on_error describe_field_name_in_uppercase downcase_delimited_identifier enable_case_sensitive_identifier enable_case_sensitive_super_attribute" +
		" enable_numeric_rounding enable_result_cache_for_session enable_vacuum_boost error_on_nondeterministic_update interval_forbid_composite_literals json_serialization_enable" +
		" json_serialization_parse_nested_strings max_concurrency_scaling_clusters max_cursor_result_set_size mv_enable_aqmv_for_session navigate_super_null_on_error parse_super_null_on_error" +
		" pg_federation_repeatable_read query_group spectrum_enable_pseudo_columns spectrum_query_maxerror stored_proc_log_min_messages use_fips_ssl wlm_query_slot_count "
)

// setting translates SET, RESET and SHOW.
func setting(s []token) ([]token, *Refusal) {
	if len(s) < 2 || !s[1].isName() {
		return nil, near(s[len(s)-1])
	}
	i := 1
	if s[0].is("set") && (s[1].is("session") || s[1].is("local")) && len(s) > 2 {
		i = 2
	}
	name := s[i].name()
	switch {
	case starts(s, "show", "all"), starts(s, "reset", "all"), starts(s, "set", "seed"):
		return s, nil
	case starts(s[i:], "time", "zone"):
		return s, nil
	case s[0].is("set") && (starts(s[i:], "transaction") || starts(s[i:], "characteristics") || starts(s[i:], "authorization")):
		return s, nil
	case s[0].is("show") && (starts(s[1:], "grants") || starts(s[1:], "column", "grants")):
		return showGrants(s)
	case s[0].is("show") && starts(s[1:], "server_version"):
		return words("select '"+serverVersion+"' as server_version", s[0].at), nil
	case i+1 < len(s) && s[i+1].is("."):
		return s, nil
	case strings.Contains(sharedSettings, " "+name+" "):
		return s, nil
	case strings.Contains(ownSettings, " "+name+" "):
		return ownSetting(s, i)
	case s[0].is("show"):
		switch name {
		case "databases", "schemas", "tables", "columns", "table", "view", "constraints", "procedures", "functions", "parameters", "datashares", "policies":
			return nil, standIn("SHOW "+strings.ToUpper(name), s[1].at)
		}
	}
	return nil, &Refusal{Code: "42704", Message: `unrecognized configuration parameter "` + name + `"`}
}

// ownSetting keeps a parameter of Redshift's own under a prefix.
func ownSetting(s []token, i int) ([]token, *Refusal) {
	name := s[i].name()
	if s[0].is("set") && (name == "enable_case_sensitive_identifier" || name == "downcase_delimited_identifier") {
		value := s[len(s)-1]
		text := strings.ToLower(value.value())
		if value.isName() {
			text = value.name()
		}
		if text != "false" && text != "off" && text != "default" && value.text != "0" {
			return nil, standIn("case-sensitive names", s[i].at)
		}
	}
	if s[0].is("show") {
		return words("select coalesce( current_setting('rs."+name+"', true), 'unset') as "+name, s[0].at), nil
	}
	out := append([]token{}, s[:i]...)
	out = append(out, words("rs ."+name, s[i].at)...)
	return append(out, s[i+1:]...), nil
}
