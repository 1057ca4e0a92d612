/** DynamoDB Local as a process, sample data, NoSQL Workbench models. */
package dev.millrace.sample;
