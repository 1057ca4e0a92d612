/**
 * Merges Parquet files of one schema and codec at the level of pages: no row is assembled, no value decoded that need not
 * be.
 */
package dev.millrace.lake.parquet;
