/** Files under one root, local or on S3, with the two conditional writes that exactly-once stands on. */
package dev.millrace.storage;
