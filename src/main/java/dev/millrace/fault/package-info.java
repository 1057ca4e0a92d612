/** What can go wrong, and the exit code it ends with. */
package dev.millrace.fault;
