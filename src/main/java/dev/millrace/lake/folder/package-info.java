/**
 * Compaction in place of plain Parquet folders that others wrote: few files of many are written beside, verified, and then
 * put in their place partition by partition, by a journal.
 */
package dev.millrace.lake.folder;
