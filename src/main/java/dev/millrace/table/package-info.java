/** What a table is, for those who write one and those who load one: columns, types, file formats. */
package dev.millrace.table;
