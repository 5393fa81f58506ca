package main
import ("fmt"; pg "github.com/pganalyze/pg_query_go/v6"; _ "cel.dev/cel-go/cel"; _ "github.com/jackc/pgx/v5/pgconn")
func main(){ r,e:=pg.ParseToJSON("SELECT 1 WHERE @attributeValuesContains('region', r_name) AND x = @username"); fmt.Println(r,e) }
