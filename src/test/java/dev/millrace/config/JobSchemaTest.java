package dev.millrace.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/**
 * The schema and the table that are committed are those of the declarations. To write them anew: {@code mvn -q test
 * -Dtest=JobSchemaTest -Dmillrace.regenerate=true}.
 */
class JobSchemaTest {
    private static final String REMEDY =
            "run mvn -q test -Dtest=JobSchemaTest -Dmillrace.regenerate=true and commit what it writes";
    private static final String BEGIN = "<!-- reference -->\n";
    private static final String END = "<!-- /reference -->\n";
    private static final Path HOME = Path.of(System.getProperty("millrace.home"));

    @Test
    void theCommittedSchemaIsThatOfTheDeclarations() throws IOException {
        Path file = HOME.resolve("conf/job.schema.json");
        regenerate(file, JobSchema.jsonSchema());
        assertThat(Files.readString(file)).as(REMEDY).isEqualTo(JobSchema.jsonSchema());
    }

    @Test
    void theReferenceInTheDocsIsThatOfTheDeclarations() throws IOException {
        Path file = HOME.resolve("docs/job-file.md");
        String page = Files.readString(file);
        int begin = page.indexOf(BEGIN) + BEGIN.length();
        regenerate(file, page.substring(0, begin) + JobSchema.markdown() + page.substring(page.indexOf(END)));
        String table = Files.readString(file);
        table = table.substring(begin, table.indexOf(END));
        assertThat(table).as(REMEDY).isEqualTo(JobSchema.markdown());
    }

    @Test
    void everyKeyHasADescriptionOfOneSentence() {
        for (Form.Row row : JobKeys.ROOT.rows("")) {
            assertThat(row.description()).as(row.key()).matches("(?s)[A-Z].*[^.]\\.");
            assertThat(row.description() + row.shape() + row.fallback())
                    .as(row.key())
                    .doesNotContain("|", "\n");
        }
    }

    @Test
    void theSchemaKnowsEveryKeyOfTheTable() throws IOException {
        JsonNode schema = new ObjectMapper().readTree(JobSchema.jsonSchema());
        List<String> keys = JobKeys.ROOT.rows("").stream().map(Form.Row::key).toList();
        assertThat(keys)
                .contains("job", "source.dynamodb.table", "tables.<kind>.columns.<column>.sql")
                .hasSizeGreaterThan(45);
        for (String key : keys) {
            assertThat(property(schema, List.of(key.split("\\.", -1)))).as(key).isPresent();
        }
    }

    @Test
    void theSchemaAcceptsTheJobFilesHereAndRefusesMistakes() throws IOException {
        JsonNode schema = new ObjectMapper().readTree(JobSchema.jsonSchema());
        List<Path> files;
        try (Stream<Path> jobs = Files.walk(HOME.resolve("jobs"))) {
            files = new ArrayList<>(
                    jobs.filter(f -> f.toString().endsWith(".yaml")).toList());
        }
        assertThat(files).contains(HOME.resolve("jobs/shop.yaml"));
        for (String name : List.of(
                "full-json.yaml",
                "full-csv.yaml",
                "full-parquet.yaml",
                "full-snapshot.yaml",
                "full-manifest.yaml",
                "full-export.yaml",
                "full-request.yaml",
                "full-snowflake.yaml",
                "full-redshift.yaml")) {
            files.add(HOME.resolve("src/test/resources/config").resolve(name));
        }
        for (Path file : files) {
            assertThat(violations(schema, Files.readString(file)))
                    .as(file.toString())
                    .isEmpty();
        }
        String full = Files.readString(HOME.resolve("src/test/resources/config/full.yaml"));
        assertThat(violations(schema, full)).isEmpty();
        assertThat(violations(schema, full.replace("keep: 3d", "keep: ${env:KEEP}")))
                .isEmpty();
        assertThat(violations(schema, full.replace("keep: 3d", "keep: 3 days"))).containsExactly("staging.keep");
        assertThat(violations(schema, full.replace("keep: 3d", "keeep: 3d"))).containsExactly("staging.keeep");
        assertThat(violations(schema, full.replace("segments: 12", "segments: 0")))
                .containsExactly("source.dynamodb.segments");
        assertThat(violations(schema, full.replace("job: full\n", ""))).containsExactly("job");
    }

    private static void regenerate(Path file, String content) throws IOException {
        if (Boolean.getBoolean("millrace.regenerate")) {
            Files.writeString(file, content);
        }
    }

    /** Follows a path of the reference table through the schema. */
    private static Optional<JsonNode> property(JsonNode schema, List<String> path) {
        if (path.isEmpty()) {
            return Optional.of(schema);
        }
        List<JsonNode> forms = new ArrayList<>(List.of(schema));
        schema.path("anyOf").forEach(forms::add);
        List<String> rest = path.subList(1, path.size());
        String name = path.get(0).replace("[]", "");
        for (JsonNode form : forms) {
            JsonNode below = name.startsWith("<")
                    ? form.path("additionalProperties")
                    : form.path("properties").path(name);
            below = name.equals(path.get(0)) ? below : below.path("items");
            if (below.isObject()) {
                return property(below, rest);
            }
        }
        return Optional.empty();
    }

    private static List<String> violations(JsonNode schema, String yaml) {
        List<String> found = new ArrayList<>();
        JsonNode value = new ObjectMapper().valueToTree(new Yaml().load(new StringReader(yaml)));
        new SchemaCheck(schema).check(schema, value, "", found);
        return found;
    }
}
