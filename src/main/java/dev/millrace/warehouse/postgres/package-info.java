/** PostgreSQL as a warehouse: a schema per version, live by renaming two of them under a lock on all their tables. */
package dev.millrace.warehouse.postgres;
