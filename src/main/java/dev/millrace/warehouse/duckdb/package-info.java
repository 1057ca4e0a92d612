/** DuckDB as a warehouse: a file per version, live by an atomic rename. */
package dev.millrace.warehouse.duckdb;
