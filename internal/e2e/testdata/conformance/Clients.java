import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Properties;
import org.postgresql.PGConnection;

/** Queries through JDBC in each way in which the driver sends them: prepared by the server, by portions, in batches, simple, COPY. */
public class Clients {
    private static final String QUERY = "SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey "
            + "WHERE c.c_custkey < ? ORDER BY c.c_custkey";

    public static void main(String[] args) throws Exception {
        int expected = -1;
        for (String mode : new String[] {"extended", "extendedForPrepared", "extendedCacheEverything", "simple"}) {
            Properties props = new Properties();
            props.setProperty("user", args[1]);
            props.setProperty("password", System.getenv("PGPASSWORD"));
            props.setProperty("preferQueryMode", mode);
            try (Connection c = DriverManager.getConnection(args[0], props)) {
                c.setAutoCommit(false);
                try (PreparedStatement p = c.prepareStatement(QUERY)) {
                    for (int round = 0; round < 7; round++) {
                        p.setFetchSize(round % 2 == 0 ? 0 : 3);
                        p.setInt(1, 100);
                        int rows = 0;
                        try (ResultSet r = p.executeQuery()) {
                            while (r.next()) {
                                rows++;
                            }
                        }
                        if (expected < 0) {
                            expected = rows;
                        }
                        if (rows == 0 || rows != expected) {
                            throw new IllegalStateException(mode + ": " + rows + " rows, not " + expected);
                        }
                    }
                    p.getParameterMetaData().getParameterType(1);
                    p.getMetaData().getColumnName(2);
                }
                c.commit();
                c.setReadOnly(true);
                c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
                        ResultSet r = s.executeQuery("SELECT * FROM nation ORDER BY n_nationkey")) {
                    r.absolute(20);
                    r.getMetaData().getColumnTypeName(2);
                    r.getMetaData().isNullable(1);
                    r.getMetaData().isAutoIncrement(1);
                }
                c.rollback();
                if (!c.isValid(5)) {
                    throw new IllegalStateException("not valid");
                }
                StringWriter out = new StringWriter();
                c.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY (SELECT * FROM nation) TO STDOUT", out);
                if (out.toString().split("\n").length != 25) {
                    throw new IllegalStateException("COPY");
                }
                c.commit();
                System.out.println("OK pgjdbc " + c.getMetaData().getDriverVersion());
            }
        }
    }
}
