import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.util.Properties;

/** Runs one query twice over JDBC, prepared with a parameter, and prints rows as lines of '|'-separated values. */
public class Tour {
    public static void main(String[] args) throws Exception {
        Properties props = new Properties();
        props.setProperty("user", args[1]);
        props.setProperty("password", System.getenv("PGPASSWORD"));
        props.setProperty("ApplicationName", "tour-jdbc");
        props.setProperty("prepareThreshold", "1");
        try (Connection c = DriverManager.getConnection(args[0], props);
                PreparedStatement s = c.prepareStatement(args[2])) {
            c.setAutoCommit(false);
            String first = run(s);
            // The second execution uses the named statement that the driver prepared on the server.
            String second = run(s);
            if (!first.equals(second)) {
                throw new IllegalStateException("a named statement answers differently");
            }
            c.commit();
            System.out.print(first);
        }
    }

    private static String run(PreparedStatement s) throws Exception {
        StringBuilder out = new StringBuilder();
        s.setFetchSize(2);
        try (ResultSet r = s.executeQuery()) {
            ResultSetMetaData m = r.getMetaData();
            while (r.next()) {
                for (int i = 1; i <= m.getColumnCount(); i++) {
                    String v = r.getString(i);
                    out.append(i > 1 ? "|" : "").append(v == null ? "" : v);
                }
                out.append('\n');
            }
        }
        return out.toString();
    }
}
