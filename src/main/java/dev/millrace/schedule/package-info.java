/** What starts jobs elsewhere, written from job files: DAGs of Airflow, state machines of Step Functions. */
package dev.millrace.schedule;
