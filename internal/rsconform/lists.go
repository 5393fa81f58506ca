package rsconform

import "strings"

func words(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// keywords are those of SELECT, in capitals ("SELECT", "Window function syntax summary", "CASE", "Conditions").
func keywords() map[string]bool {
	return words(`SELECT DISTINCT FROM AS WHERE AND OR NOT IN IS NULL TRUE FALSE UNKNOWN CASE WHEN THEN ELSE END CAST JOIN LEFT RIGHT FULL CROSS
		NATURAL ON USING LIKE ILIKE SIMILAR TO ESCAPE BETWEEN EXISTS ANY ALL OVER PARTITION BY ORDER ASC DESC NULLS FIRST LAST ROWS RANGE
		UNBOUNDED PRECEDING FOLLOWING CURRENT ROW WITH RECURSIVE GROUP HAVING QUALIFY ROLLUP CUBE GROUPING SETS UNION INTERSECT EXCEPT LIMIT
		OFFSET WITHIN IGNORE APPROXIMATE SYSDATE INTERVAL true false current_date current_timestamp current_time localtime localtimestamp`)
}

// functions are those of the guide's "SQL functions reference" that Postern prints.
func functions() map[string]bool {
	return words(`abs acos add_months age any_value array_concat array_flatten ascii asin atan atan2 avg bit_and bit_or bool_and bool_or btrim
		can_json_parse cbrt ceil ceiling char_length character_length charindex checksum chr clock_timestamp coalesce concat convert_timezone cos cot
		count crc32 cume_dist date date_add date_cmp date_cmp_timestamp date_cmp_timestamptz date_diff date_part date_part_year date_trunc dateadd
		datediff decode degrees dense_rank dexp difference dlog1 dlog10 every exp extract farmfingerprint64 first_value floor fnv_hash from_hex
		from_varbyte func_sha1 get_array_length get_bit get_byte getbit getdate greatest grouping hll hll_cardinality hll_combine_agg
		hll_combine_sketches hll_create_sketch initcap interval_cmp is_array is_bigint is_boolean is_char is_decimal is_float is_integer is_object
		is_scalar is_smallint is_valid_json is_valid_json_array is_varchar isfinite isnull json_array_length json_extract_array_element_text
		json_extract_path_text json_parse json_serialize json_serialize_to_varbyte json_size json_typeof lag last_day last_value lead least left
		len length listagg ln log lower lpad ltrim max md5 median min mod months_between murmur3_32_hash next_day now nth_value ntile nullif nvl
		nvl2 octet_length octetindex percent_rank percentile_cont percentile_disc pi position pow power quote_ident quote_literal radians random
		rank ratio_to_report regexp_count regexp_instr regexp_replace regexp_substr repeat replace replicate reverse right round row_number
		rpad rtrim set_bit set_byte sha sha1 sha2 sign sin soundex split_part split_to_array sqrt statement_timestamp stddev stddev_pop stddev_samp
		strpos strtol subarray substr substring sum tan timeofday timestamp_cmp timestamp_cmp_date timestamp_cmp_timestamptz timestamptz_cmp
		timestamptz_cmp_date timestamptz_cmp_timestamp timezone to_ascii to_char to_date to_hex to_number to_timestamp to_varbyte
		transaction_timestamp translate trim trunc upper urldecode urlencode var_pop var_samp variance version`)
}

// leaders run on the leader node alone ("Leader node-only functions").
func leaders() map[string]bool {
	return words(`age now current_timestamp current_time localtime localtimestamp isfinite get_bit get_byte set_bit set_byte to_ascii version
		statement_timestamp transaction_timestamp clock_timestamp`)
}

// parts are the date parts, by their full names.
func parts() map[string]bool {
	return words("millennium century decade epoch year quarter month week dow doy day hour minute second millisecond microsecond")
}

// own are Postern's functions, with their schema.
func own() map[string]bool { return words("keyed_hash keyed_draw protect format_preserving") }
