/** Writing tables to the landing: files, one commit per unit, one manifest per table. */
package dev.millrace.landing;
