import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.util.Properties;

/** Prints what JDBC's DatabaseMetaData says, each row as a line: the method's name and '|'-separated values. */
public class Metadata {
    public static void main(String[] args) throws Exception {
        Properties props = new Properties();
        props.setProperty("user", args[1]);
        props.setProperty("password", System.getenv("PGPASSWORD"));
        try (Connection c = DriverManager.getConnection(args[0], props)) {
            DatabaseMetaData m = c.getMetaData();
            System.out.println("getUserName|" + m.getUserName());
            print("getCatalogs", m.getCatalogs());
            print("getSchemas", m.getSchemas());
            print("getTableTypes", m.getTableTypes());
            print("getTables", m.getTables(null, null, "%", new String[] {"TABLE", "VIEW", "PARTITIONED TABLE", "MATERIALIZED VIEW"}));
            print("getTables public", m.getTables(null, "public", null, null));
            print("getColumns", m.getColumns(null, "public", "%", "%"));
            print("getPrimaryKeys", m.getPrimaryKeys(null, "public", "nation"));
            print("getIndexInfo", m.getIndexInfo(null, "public", "nation", false, false));
            print("getImportedKeys", m.getImportedKeys(null, "public", "nation"));
            print("getExportedKeys", m.getExportedKeys(null, "public", "nation"));
            print("getCrossReference", m.getCrossReference(null, "public", "region", null, "public", "nation"));
            print("getBestRowIdentifier", m.getBestRowIdentifier(null, "public", "nation", DatabaseMetaData.bestRowSession, true));
            print("getTypeInfo", m.getTypeInfo());
            print("getTablePrivileges", m.getTablePrivileges(null, "public", "%"));
            print("getColumnPrivileges", m.getColumnPrivileges(null, "public", "nation", "%"));
            print("getFunctions", m.getFunctions(null, "public", "%"));
            print("getProcedures", m.getProcedures(null, "public", "%"));
            print("getProcedureColumns", m.getProcedureColumns(null, "public", "%", "%"));
            print("getFunctionColumns", m.getFunctionColumns(null, "public", "%", "%"));
            print("getUDTs", m.getUDTs(null, null, "%", null));
            System.out.println("getSQLKeywords|" + m.getSQLKeywords().length());
            System.out.println("getMaxColumnNameLength|" + m.getMaxColumnNameLength());
            System.out.println("getDefaultTransactionIsolation|" + m.getDefaultTransactionIsolation());
        }
    }

    private static void print(String method, ResultSet rows) throws Exception {
        try (ResultSet r = rows) {
            ResultSetMetaData m = r.getMetaData();
            int n = 0;
            while (r.next()) {
                StringBuilder out = new StringBuilder(method);
                for (int i = 1; i <= m.getColumnCount(); i++) {
                    out.append('|').append(r.getString(i));
                }
                System.out.println(out);
                n++;
            }
            System.out.println(method + " rows " + n);
        } catch (Exception e) {
            throw new IllegalStateException(method, e);
        }
    }
}
