/** Tables of the lake as the Glue Data Catalog and Athena know them. */
package dev.millrace.catalog;
