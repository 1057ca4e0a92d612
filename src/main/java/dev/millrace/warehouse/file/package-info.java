/** Landing files as warehouses read them: their columns, their cells, and what is told of a file that will not do. */
package dev.millrace.warehouse.file;
