/** Reading JSON as bytes: one strict pass to a flat tape of tokens that point into the input. */
package dev.millrace.json;
