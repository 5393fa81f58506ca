package rsfake

import "strings"

// special are the functions whose call is written otherwise on PostgreSQL. One that gives nil leaves the call as it is.
func special(name string) (func(args [][]token, at int) ([]token, *Refusal), bool) {
	switch name {
	case "nvl", "isnull", "ifnull":
		return asCoalesce, true
	case "nvl2":
		return nvl2, true
	case "decode":
		return decode, true
	case "convert":
		return convert, true
	case "dateadd", "datediff", "date_part", "date_trunc", "date_part_year":
		return datePart, true
	case "listagg":
		return listagg, true
	case "regexp_replace":
		return regexpReplace, true
	case "extract":
		return extract, true
	case "version", "pg_get_viewdef", "current_setting":
		return func(args [][]token, at int) ([]token, *Refusal) { return shim(name, args, at) }, true
	}
	return nil, false
}

// apply is name(args).
func apply(name string, args [][]token, at int) ([]token, *Refusal) {
	out := append(words(name, at), token{kind: punct, text: "(", at: at})
	for i, a := range args {
		if i > 0 {
			out = append(out, token{kind: punct, text: ",", at: at})
		}
		inner, refused := level(a)
		if refused != nil {
			return nil, refused
		}
		out = append(out, inner...)
	}
	return append(out, token{kind: punct, text: ")", at: at}), nil
}

// shim calls the stand-in's own function in place of PostgreSQL's of that name.
func shim(name string, args [][]token, at int) ([]token, *Refusal) {
	return apply("pg_rs_shim."+name, args, at)
}

func asCoalesce(args [][]token, at int) ([]token, *Refusal) { return apply("coalesce", args, at) }

func nvl2(args [][]token, at int) ([]token, *Refusal) {
	if len(args) != 3 {
		return nil, noFunction("nvl2", at)
	}
	return template("( case when ( $1 ) is not null then ( $2 ) else ( $3 ) end )", args, at)
}

// template puts translated arguments into an expression.
func template(text string, args [][]token, at int) ([]token, *Refusal) {
	var out []token
	for _, t := range words(text, at) {
		if t.kind != param {
			out = append(out, t)
			continue
		}
		inner, refused := level(args[int(t.text[1]-'1')])
		if refused != nil {
			return nil, refused
		}
		out = append(out, inner...)
	}
	return out, nil
}

// decode is Redshift's CASE in the form of a function.
func decode(args [][]token, at int) ([]token, *Refusal) {
	if len(args) < 3 {
		return nil, noFunction("decode", at)
	}
	out := words("( case", at)
	for i := 1; i+1 < len(args); i += 2 {
		arm, refused := template("when ( $1 ) is not distinct from ( $2 ) then ( $3 )", [][]token{args[0], args[i], args[i+1]}, at)
		if refused != nil {
			return nil, refused
		}
		out = append(out, arm...)
	}
	if len(args)%2 == 0 {
		last, refused := template("else ( $1 )", args[len(args)-1:], at)
		if refused != nil {
			return nil, refused
		}
		out = append(out, last...)
	}
	return append(out, words("end )", at)...), nil
}

// convert is CONVERT(type, expression).
func convert(args [][]token, at int) ([]token, *Refusal) {
	if len(args) != 2 {
		return nil, noFunction("convert", at)
	}
	kind, refused := level(args[0])
	if refused != nil {
		return nil, refused
	}
	value, refused := level(args[1])
	if refused != nil {
		return nil, refused
	}
	out := append(words("cast (", at), value...)
	out = append(append(out, words("as", at)...), kind...)
	return append(out, token{kind: punct, text: ")", at: at}), nil
}

// datePart takes the date part that is written as a bare word.
func datePart(args [][]token, _ int) ([]token, *Refusal) {
	if len(args) == 0 || len(args[0]) != 1 || args[0][0].kind != word {
		return nil, nil
	}
	args[0][0] = makeLiteral(args[0][0].text, args[0][0].at)
	return nil, nil
}

// listagg is string_agg, whose separator is not optional.
func listagg(args [][]token, at int) ([]token, *Refusal) {
	if len(args) == 0 || len(args) > 2 {
		return nil, noFunction("listagg", at)
	}
	value, distinct := args[0], ""
	if starts(value, "distinct") {
		value, distinct = value[1:], "distinct"
	}
	separator := []token{makeLiteral("", at)}
	if len(args) == 2 {
		separator = args[1]
	}
	return template("string_agg ( "+distinct+" cast ( ( $1 ) as varchar ) , $2 )", [][]token{value, separator}, at)
}

// regexpReplace replaces every match, and its pattern must be a constant.
func regexpReplace(args [][]token, at int) ([]token, *Refusal) {
	if len(args) < 2 || len(args) > 5 {
		return nil, noFunction("regexp_replace", at)
	}
	if len(args[1]) != 1 || args[1][0].kind != literal {
		return nil, &Refusal{Code: "0A000", Message: "The pattern must be a valid UTF-8 literal character expression", Position: at + 1}
	}
	return shim("regexp_replace", args, at)
}

// extract takes EXTRACT(field FROM value); the field as a string is in PostgreSQL's documents only.
func extract(args [][]token, at int) ([]token, *Refusal) {
	if len(args) != 1 || len(args[0]) < 3 || args[0][0].kind != word || !args[0][1].is("from") {
		return nil, syntax(`syntax error at or near "extract"`, at)
	}
	return nil, nil
}

func noFunction(name string, at int) *Refusal {
	return &Refusal{Code: "42883", Message: "function " + name + "(…) does not exist", Position: at + 1}
}

// checkFunction refuses what is not a function of Redshift's by its name. Functions of the database's own are called with
// their schema here, which Redshift does not demand.
func checkFunction(t token) *Refusal {
	name := t.name()
	if t.kind == quoted {
		return &Refusal{Code: "42883", Message: `function "` + name + `"(…) does not exist: whether a built-in function can be called in quotes is not documented`, Position: t.at + 1}
	}
	if strings.Contains(redshiftFunctions, " "+name+" ") {
		return nil
	}
	return noFunction(name, t.at)
}

// redshiftFunctions are the functions of the Database Developer Guide, the types that can be written like functions, and what
// the catalogs of PostgreSQL 8.0 are read with. What came to PostgreSQL later and what AWS documents as unsupported is not
// among them.
const redshiftFunctions = " any_value avg count listagg max median min percentile_cont percentile_disc stddev stddev_samp stddev_pop sum variance var_samp var_pop" +
	" bit_and bit_or bool_and bool_or cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank ratio_to_report row_number" +
	" array array_concat array_flatten get_array_length split_to_array subarray getbit setbit" +
	" case coalesce decode greatest least nvl isnull nvl2 nullif cast convert try_cast text_to_int_alt text_to_numeric_alt to_char to_date to_number" +
	" add_months convert_timezone current_date date_cmp date_cmp_timestamp date_cmp_timestamptz date_part_year dateadd datediff date_part date_trunc extract getdate" +
	" interval_cmp last_day months_between next_day sysdate timeofday timestamp_cmp timestamp_cmp_date timestamp_cmp_timestamptz timestamptz_cmp timezone to_timestamp trunc" +
	" checksum farmfingerprint64 func_sha1 fnvhash fnv_hash md5 sha sha1 sha2 murmur3_32_hash crc32" +
	" hll hll_cardinality hll_combine hll_combine_sketches hll_create_sketch" +
	" can_json_parse is_valid_json is_valid_json_array json_array_length json_extract_array_element_text json_extract_path_text json_parse json_serialize json_serialize_to_varbyte json_size json_typeof object object_transform" +
	" abs acos asin atan atan2 cbrt ceil ceiling cos cot degrees dexp dlog1 dlog10 exp floor ln log mod pi power pow radians random round sign sin sqrt tan" +
	" ascii bpcharcmp btrim bttext_pattern_cmp char_length character_length charindex chr collate concat diff_factor difference initcap left len length lower lpad ltrim octetindex octet_length position" +
	" quote_ident quote_literal regexp_count regexp_instr regexp_replace regexp_substr repeat replace replicate reverse right rpad rtrim soundex split_part strpos strtol substr substring textlen translate trim upper" +
	" is_array is_bigint is_boolean is_char is_decimal is_float is_integer is_object is_scalar is_smallint is_varchar" +
	" from_hex from_varbyte getbit to_hex to_varbyte width_bucket" +
	" change_query_priority change_session_priority change_user_priority current_setting pg_cancel_backend pg_terminate_backend reboot_cluster set_config" +
	" current_aws_account current_database current_namespace current_schema current_schemas current_user current_user_id db_collation default_iam_role has_assumerole_privilege has_database_privilege has_schema_privilege has_table_privilege" +
	" last_user_query_id pg_backend_pid pg_get_cols pg_get_grantee_by_iam_role pg_get_iam_role_by_user pg_get_late_binding_view_cols pg_get_session_roles pg_last_copy_count pg_last_copy_id pg_last_unload_id pg_last_query_id pg_last_unload_count" +
	" role_is_member_of session_user slice_num user user_is_member_of version has_column_privilege" +
	" age now current_time current_timestamp localtime localtimestamp isfinite timeofday date_cmp" +
	" obj_description col_description format_type pg_get_expr pg_get_viewdef pg_get_userbyid pg_get_indexdef pg_get_constraintdef pg_table_is_visible pg_function_is_visible pg_type_is_visible oidvectortypes textin array_to_string array_lower array_upper array_append generate_series pg_client_encoding has_function_privilege has_language_privilege to_ascii quote_literal textout" +
	" varchar char character varying numeric decimal bpchar nchar nvarchar varbyte varbinary binary float bit time timestamp timestamptz timetz date integer int2 int4 int8 float4 float8 bool boolean bigint smallint text super "
