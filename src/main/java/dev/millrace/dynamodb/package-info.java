/** Reading a DynamoDB table: client, segment scan, spool, and the spool as rows for Spark. */
package dev.millrace.dynamodb;
