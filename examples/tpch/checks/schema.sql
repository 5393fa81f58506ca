-- The columns that the policies are about. A check needs no more of the warehouse than this.
CREATE TABLE region (r_regionkey integer PRIMARY KEY, r_name char(25) NOT NULL);
CREATE TABLE nation (n_nationkey integer PRIMARY KEY, n_name char(25) NOT NULL, n_regionkey integer NOT NULL);
CREATE TABLE supplier (s_suppkey integer PRIMARY KEY, s_phone char(15) NOT NULL, s_acctbal numeric(15,2) NOT NULL);
CREATE TABLE customer (
	c_custkey integer PRIMARY KEY, c_name varchar(25) NOT NULL, c_address varchar(40) NOT NULL, c_nationkey integer NOT NULL,
	c_phone char(15) NOT NULL, c_acctbal numeric(15,2) NOT NULL, c_comment varchar(117) NOT NULL DEFAULT 'free text'
);
CREATE TABLE orders (o_orderkey bigint PRIMARY KEY, o_custkey integer NOT NULL, o_clerk char(15) NOT NULL, o_comment varchar(79) NOT NULL);
CREATE TABLE lineitem (l_orderkey bigint NOT NULL, l_comment varchar(44) NOT NULL);

INSERT INTO region VALUES (1, 'AMERICA'), (3, 'EUROPE');
INSERT INTO nation VALUES (2, 'BRAZIL', 1), (23, 'UNITED KINGDOM', 3);
