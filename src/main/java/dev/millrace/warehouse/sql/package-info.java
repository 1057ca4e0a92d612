/** Versions as schemas of one database whose DDL is transactional: what PostgreSQL and Redshift have in common. */
package dev.millrace.warehouse.sql;
