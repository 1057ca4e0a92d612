/** Amazon Redshift as a warehouse. */
package dev.millrace.warehouse.redshift;
