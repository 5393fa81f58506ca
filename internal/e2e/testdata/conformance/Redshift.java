import java.sql.*;
import java.util.Arrays;
import java.util.Properties;

/** The JDBC driver of Amazon Redshift through Postern in front of a Redshift: connect, look around, query, batch. Everything is printed; the test compares it. */
public class Redshift {
  static void show(String what, ResultSet rows, int... columns) throws SQLException {
    System.out.println(what);
    while (rows.next()) {
      StringBuilder line = new StringBuilder("  ");
      for (int i = 0; i < columns.length; i++) {
        line.append(i > 0 ? "|" : "").append(rows.getString(columns[i]));
      }
      System.out.println(line);
    }
    rows.close();
  }

  public static void main(String[] args) throws Exception {
    Properties p = new Properties();
    p.setProperty("user", args[1]);
    p.setProperty("password", System.getenv("PGPASSWORD"));
    p.setProperty("ssl", "true");
    p.setProperty("sslMode", "verify-ca");
    p.setProperty("sslRootCert", args[2]);
    try (Connection c = DriverManager.getConnection(args[0], p)) {
      DatabaseMetaData m = c.getMetaData();
      System.out.println("server " + m.getDatabaseProductName() + " " + m.getDatabaseProductVersion());
      show("catalogs", m.getCatalogs(), 1);
      show("schemas", m.getSchemas(null, "sales"), 1);
      show("tables", m.getTables(null, "sales", "%", null), 2, 3, 4);
      show("columns", m.getColumns(null, "sales", "customer", "%"), 3, 4, 6, 17);
      try (Statement s = c.createStatement()) {
        show("rows", s.executeQuery("select id, name, phone, balance, joined from sales.customer order by id"), 1, 2, 3, 4, 5);
      }
      try (PreparedStatement s = c.prepareStatement("select name from sales.customer where country = ? and id > ? order by id")) {
        for (int i = 0; i < 8; i++) {
          s.setString(1, "FR");
          s.setInt(2, i);
          ResultSet r = s.executeQuery();
          if (i == 7) {
            System.out.println("prepared " + (r.next() ? r.getString(1) : "nothing"));
          } else if (i == 1) {
            show("parameters", r, 1);
          }
        }
      }
      c.setAutoCommit(false);
      try (Statement s = c.createStatement()) {
        s.setFetchSize(1);
        show("paged", s.executeQuery("select name from sales.customer order by id"), 1);
      }
      c.commit();
      c.setAutoCommit(true);
      try (Statement s = c.createStatement()) {
        s.addBatch("set query_group to 'conformance'");
        s.addBatch("set statement_timeout to 60000");
        System.out.println("batch " + s.executeBatch().length);
      }
      try (Statement s = c.createStatement()) {
        s.executeQuery("select * from sales.hidden");
      } catch (SQLException e) {
        System.out.println("hidden " + e.getSQLState());
      }
      if (args[1].equals("root")) {
        try (Statement s = c.createStatement()) {
          s.execute("create temp table batch (a int, b varchar(10))");
        }
        try (PreparedStatement s = c.prepareStatement("insert into batch (a, b) values (?, ?)")) {
          for (int i = 0; i < 50; i++) {
            s.setInt(1, i);
            s.setString(2, "r" + i);
            s.addBatch();
          }
          System.out.println("batch of writes " + Arrays.stream(s.executeBatch()).sum());
        }
        try (Statement s = c.createStatement()) {
          show("written", s.executeQuery("select count(*), max(b) from batch"), 1, 2);
        }
      }
      System.out.println("OK redshift-jdbc42 " + m.getDriverVersion());
    }
  }
}
