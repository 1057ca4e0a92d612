/** A job's state on storage: plan, units and their manifests, phases, ledger, lock, run record. */
package dev.millrace.run;
