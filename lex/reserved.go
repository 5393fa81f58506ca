package lex

// Reserved reports a word that Redshift reserves, or takes for a keyword in some place, and that PostgreSQL's grammar would take for a name
// without quotes (Database Developer Guide, "Reserved words", less what PostgreSQL reserves, and the words of clauses that PostgreSQL does
// not have). Such a word must be written in quotes, or stand where Redshift's grammar has it.
func Reserved(word string) bool {
	switch word {
	case "aes128", "aes256", "allowoverwrite", "az64", "backup", "blanksasnull", "bytedict", "bzip2", "connect", "credentials",
		"current_user_id", "deflate", "defrag", "delta", "delta32k", "disable", "emptyasnull", "enable", "encode", "encrypt", "encryption",
		"explicit", "globaldict256", "globaldict64k", "gzip", "identity", "ignore", "language", "lun", "luns", "lzo", "lzop", "minus",
		"mostly8", "mostly13", "mostly16", "mostly32", "new", "nulls", "off", "offline", "oid", "old", "open", "parallel", "partition",
		"percent", "permissions", "pivot", "raw", "readratio", "recover", "rejectlog", "resort", "respect", "restore", "snapshot", "start",
		"sysdate", "system", "tag", "tdes", "text255", "text32k", "top", "truncatecolumns", "unnest", "unpivot", "wallet", "without",
		"approximate", "exclude", "prior", "qualify":
		return true
	}
	return false
}
