/** Submits entry points to services that run them, never twice for one run, and follows them to their end. */
package dev.millrace.remote;
