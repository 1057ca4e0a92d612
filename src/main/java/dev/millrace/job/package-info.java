/** Entry points, the command line, the pipeline and what they tell the person who runs them. */
package dev.millrace.job;
