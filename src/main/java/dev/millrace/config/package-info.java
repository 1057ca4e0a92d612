/** The job file: its keys declared once, read into records, checked whole, described for editors and readers. */
package dev.millrace.config;
