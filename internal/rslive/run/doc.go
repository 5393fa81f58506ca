// Command run is `make test-redshift`: it asks the Redshift of REDSHIFT_TEST_DSN what only a live cluster can prove. Without one it prints that none of it
// was run, and ends well: nothing is known to be wrong, and nothing is proven.
package main
