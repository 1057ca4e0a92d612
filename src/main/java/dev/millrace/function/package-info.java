/** Java functions that computed columns call by name, for what Spark SQL cannot say. */
package dev.millrace.function;
