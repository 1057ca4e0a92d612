/** Files as a source: what is new of them, and the records and rows that they hold. */
package dev.millrace.files;
