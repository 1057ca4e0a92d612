package dev.millrace.config;

import java.util.LinkedHashMap;
import java.util.Map;

/** Describes the job file for editors and readers, from the declarations of its keys. */
public final class JobSchema {
    static final String REFERENCE = "#/definitions/reference";

    private JobSchema() {}

    /** A JSON Schema (draft 7, which editors know) of job files: {@code conf/job.schema.json}. */
    public static String jsonSchema() {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("$schema", "http://json-schema.org/draft-07/schema#");
        schema.put("title", "Millrace job file");
        schema.putAll(JobKeys.ROOT.schema());
        schema.put(
                "definitions",
                Map.of("reference", Ordered.of("type", "string", "pattern", "\\$\\{(env|arg):[^{}]+\\}")));
        return JobFile.json(schema);
    }

    /** The table of all keys in Markdown, for {@code docs/job-file.md}. */
    public static String markdown() {
        StringBuilder table = new StringBuilder("| key | value | default | meaning |\n|---|---|---|---|\n");
        for (Form.Row row : JobKeys.ROOT.rows("")) {
            table.append("| `")
                    .append(row.key())
                    .append("` | ")
                    .append(row.shape())
                    .append(" | ");
            table.append(row.fallback()).append(" | ").append(row.description()).append(" |\n");
        }
        return table.toString();
    }
}
