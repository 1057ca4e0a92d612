/** Snowflake as a warehouse: its schemas are the versions, {@code COPY INTO} loads, {@code SWAP WITH} replaces. */
package dev.millrace.warehouse.snowflake;
