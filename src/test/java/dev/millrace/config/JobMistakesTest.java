package dev.millrace.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every kind of mistake, with its whole message. */
class JobMistakesTest {
    private static final String WAREHOUSE = "warehouse:\n  duckdb: {path: w.duckdb}\n";

    @TempDir
    Path base;

    private JobFiles files;

    @BeforeEach
    void folder() {
        files = new JobFiles(base);
    }

    @Test
    void aValidFileHasNone() {
        assertThat(files.job(JobFiles.SMALLEST + WAREHOUSE).mistakes()).isEmpty();
    }

    @Test
    void whatTheOtherReaderCannotDo() {
        files.job("""
                job: shop
                source:
                  dynamodb:
                    table: items
                    role: arn:aws:iam::111122223333:role/read
                    external-id: abc
                    projection: [total]
                    reader: audienceproject
                    max-read-units: 500
                staging: {at: staging}
                """);
        assertThat(files.mistakes())
                .containsExactly(
                        "jobs/test.yaml:6: source.dynamodb.external-id: abc: is nothing that reader: audienceproject can"
                                + " do: remove one of them",
                        "jobs/test.yaml:7: source.dynamodb.projection: is nothing that reader: audienceproject can do:"
                                + " remove one of them",
                        "jobs/test.yaml:9: source.dynamodb.max-read-units: 500: is nothing that reader: audienceproject"
                                + " can do: remove one of them");
    }

    @Test
    void allAreToldAtOnceInTheOrderOfTheFile() {
        files.job("""
                job: Shop
                sorce: {}
                source:
                  dynamodb:
                    tabel: items
                    segments: 0
                    external-id: abc
                staging:
                  keep: 2 days
                  spool: encrypt
                tables:
                  Order: {types: {total: "decimal(39,2)"}, name: orders}
                  Old: {name: orders}
                """);
        assertThat(files.set("nme", "x").mistakes())
                .containsExactly(
                        "jobs/test.yaml:1: job: Shop: must be at most 63 of a-z, 0-9 and hyphen and not begin with a"
                                + " hyphen, for example shop",
                        "jobs/test.yaml:2: sorce: unknown key: did you mean source?",
                        "jobs/test.yaml:4: source.dynamodb.table: is missing: name of a DynamoDB table",
                        "jobs/test.yaml:5: source.dynamodb.tabel: unknown key: did you mean table?",
                        "jobs/test.yaml:6: source.dynamodb.segments: 0: must be auto or a whole number from 1 to"
                                + " 1000000",
                        "jobs/test.yaml:7: source.dynamodb.external-id: abc: has no effect without role: add role, or"
                                + " remove external-id",
                        "jobs/test.yaml:8: staging.at: is missing: folder: local path, file:///... or"
                                + " s3://bucket/prefix",
                        "jobs/test.yaml:9: staging.keep: 2 days: must be a positive duration: a whole number with s, m,"
                                + " h or d, for example 30s, 15m, 1h or 7d",
                        "jobs/test.yaml:10: staging.spool: encrypt: needs spool-key: add it as ${env:NAME},"
                                + " ${file:/PATH} or ${secret:ID#key}",
                        "jobs/test.yaml:12: tables.Order.types.total: decimal(39,2): must be a type: string, bigint,"
                                + " double, boolean, binary, date, timestamp, json, epoch-millis, epoch-seconds, iso or"
                                + " decimal(18,2) with 1 to 38 digits, of them 0 to 37 after the point; inside { } it needs quotes",
                        "jobs/test.yaml:13: tables.Old.name: orders: is the name of tables.Order too: choose another",
                        "--set nme: no such key, and ${arg:nme} is not in jobs/test.yaml: remove it, or use it there");
    }

    /** One value in the smallest file, which then stands in line 7, and the message that follows. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "overlap: Skip | overlap: Skip: must be skip or wait",
                "remote: {glue: {job: a, workers: 4}} | remote.glue.workers: 4: has no effect without worker-type: add"
                        + " that, or remove it",
                "remote: {emr: {cluster: j-1, jar: s3://a1a/m.jar, conf: {spark.hadoop.fs.s3a.secret.key: abc}}} |"
                        + " remote.emr.conf: spark.hadoop.fs.s3a.secret.key looks like a secret, which a platform would"
                        + " show: give the role what it needs instead",
                "remote: {batch: {queue: q, definition: d, jar: m.jar}} | remote.batch.jar: m.jar: must be an absolute path"
                        + " or a file on S3, for example /opt/millrace/millrace.jar",
                "overlap: [skip] | overlap: must be skip or wait, not a list",
                "overlap: {a: b} | overlap: must be skip or wait, not a map",
                "overlap: | overlap: has no value: write one, or leave the key out",
                "overlap: ~ | overlap: has no value: write one, or leave the key out",
                "schema: x | schema: x: must be a map with the keys kind, cache, refresh, contract, lists or sample",
                "schema: {refresh: 0d} | schema.refresh: 0d: must be a positive duration: a whole number with s, m, h or"
                        + " d, for example 30s, 15m, 1h or 7d",
                "schema: {sample: 0%} | schema.sample: 0%: must be a percentage above 0% and at most 100%, for example"
                        + " 10%",
                "schema: {cache: gs://b/x} | schema.cache: gs://b/x: must be a folder: a local path, file:///path,"
                        + " s3://bucket/prefix or s3a://bucket/prefix",
                "schema: {kind: ''} | schema.kind: must be the name of an attribute",
                "schema: {kind: {}} | schema.kind: must hold one of: attribute, patterns",
                "schema: {kind: {attribute: a, patterns: {A: {PK: x}}}} | schema.kind: must hold only one of: attribute,"
                        + " patterns",
                "schema: {kind: {patterns: {A: {}}}} | schema.kind.patterns: needs a kind, and a pattern for each:"
                        + " {Order: {PK: \"ORDER#*\"}}",
                "schema: {kind: {patterns: {A: {PK: ''}}}} | schema.kind.patterns.A.PK: must be text, with * for any"
                        + " characters, for example ORDER#*",
                "tables: {a.b: {name: Orders}} | tables.a\\.b.name: Orders: must be at most 63 of a-z, 0-9 and"
                        + " underscore and not begin with a digit, for example orders",
                "tables: {A: {drop: x}} | tables.A.drop: x: must be a list, for example [card_number, address.street]",
                "tables: {A: {drop: [x, x]}} | tables.A.drop: x: is in the list twice: remove one",
                "tables: {A: {hash: [a..b]}} | tables.A.hash: a..b: must be an attribute path such as address.city; a"
                        + " dot that belongs to a name has a backslash before it",
                "tables: {A: {drop: [x], hash: [x]}} | tables.A.hash: x is dropped too: remove it from one of them",
                "tables: {A: {rename: {a: Total}}} | tables.A.rename.a: Total: must be at most 63 of a-z, 0-9 and"
                        + " underscore, for example address__city",
                "tables: {A: {types: {Total: string}}} | tables.A.types.Total: the column must be at most 63 of a-z, 0-9"
                        + " and underscore, for example address__city",
                "tables: {A: {columns: {x: {sql: ' '}}}} | tables.A.columns.x.sql: must be a Spark SQL expression, for"
                        + " example to_date(created_at)",
                "tables: {A: {columns: {x: {}}}} | tables.A.columns.x: must hold one of: from, sql",
                "s3: {endpoint: localhost:9000} | s3.endpoint: localhost:9000: must be an http or https address, for"
                        + " example http://localhost:9000",
                "s3: {path-style: yes} | s3.path-style: yes: must be true or false",
                "s3: {encryption: kms} | s3.encryption: kms: must be sse-s3 or sse-kms",
                "s3: {encryption: sse-s3, kms-key: k} | s3.kms-key: k: has no effect without encryption: sse-kms: add that, or remove kms-key",
                "s3: {owners: {acme: 12}} | s3.owners.acme: 12: must be an AWS account of 12 digits, in quotes, for example \"111122223333\"",
                "s3: {region: eu_west_1} | s3.region: eu_west_1: must be the name of a region, for example eu-west-1",
                "warehouse: {} | warehouse: must hold one of: duckdb, postgres, snowflake, redshift",
                "warehouse: {duckdb: {path: w}, postgres: {host: h, database: d, user: u}} | warehouse: must hold only one"
                        + " of: duckdb, postgres",
                "warehouse: {postgres: {host: h, database: d}} | warehouse.postgres.user: is missing: name",
                "warehouse: {postgres: {host: h, database: d, user: u, port: 0}} | warehouse.postgres.port: 0: must be a"
                        + " TCP port from 1 to 65535, for example 5432",
                "warehouse: {postgres: {host: h, database: d, user: u, tls: off}} | warehouse.postgres.tls: off: must be"
                        + " verify-full, require or disable",
                "warehouse: {postgres: {host: h, database: d, user: u, password: geheim}} | warehouse.postgres.password:"
                        + " must be ${env:NAME}, ${file:/PATH} or ${secret:ID#key}: secrets are never written here",
                "warehouse: {duckdb: {path: 's3://b/w'}} | warehouse.duckdb.path: s3://b/w: must be the local path of a"
                        + " file, for example data/shop/warehouse.duckdb",
                "warehouse: {duckdb: {path: w}, keep-previous: 101} | warehouse.keep-previous: 101: must be a whole"
                        + " number from 0 to 100",
                "warehouse: {duckdb: {path: w}, keep-previous: -1} | warehouse.keep-previous: -1: must be a whole number"
                        + " from 0 to 100",
                "warehouse: {duckdb: {path: w}, gate: {max-shrink: 20}} | warehouse.gate.max-shrink: 20: must be a"
                        + " percentage from 0% to 100%, for example 0.1%",
                "warehouse: {duckdb: {path: w}, gate: {max-shrink: 101%}} | warehouse.gate.max-shrink: 101%: must be a"
                        + " percentage from 0% to 100%, for example 0.1%",
                "warehouse: {duckdb: {path: w}, gate: {min-rows: {a: 1.5}}} | warehouse.gate.min-rows.a: 1.5: must be a"
                        + " whole number of rows, at least 0",
                "warehouse: {duckdb: {path: w}, gate: {unique: {a: [[]]}}} | warehouse.gate.unique.a: must name a column",
                "warehouse: {duckdb: {path: w}, gate: {unique: {a: id}}} | warehouse.gate.unique.a: id: must be a list,"
                        + " for example [order_id] or [[order_id, line]]",
                "region: eu-west-1 | region: unknown key: did you mean source.dynamodb.region?",
                "resume_within: 1h | resume_within: unknown key: did you mean resume-within?",
                "zzz: 1 | zzz: unknown key: known here are job, overlap, resume-within, every, after, retries, source,"
                        + " schema, tables, functions, staging, lake, s3, warehouse, remote",
                "job: again | job: is given twice, first in line 1: remove one",
                "[a]: b | has a key that is a list or map: a key must be text",
                "overlap: !env X | overlap: has the tag !env: tags are not used here",
                "overlap: ${env:NOPE} | overlap: ${env:NOPE}: no environment variable NOPE: set it, or write the value",
                "overlap: ${arg:mode} | overlap: ${arg:mode}: no argument mode: add --set mode=...",
                "overlap: ${secret:a#b} | overlap: ${secret:a#b}: only keys that hold a secret take ${secret:...}: write"
                        + " the value, or ${env:NAME} and ${arg:NAME}",
                "overlap: ${var:X} | overlap: ${var:X}: unknown reference ${var:X}: known are ${env:NAME} and"
                        + " ${arg:NAME}",
                "overlap: ${X} | overlap: ${X}: ${ begins no reference: known are ${env:NAME} and ${arg:NAME}; write"
                        + " $${ for the characters themselves",
            })
    void aWrongValue(String line, String message) {
        String expected = "jobs/test.yaml:7: ";
        assertThat(files.job(JobFiles.SMALLEST + line + "\n").mistakes()).containsExactly(expected + message);
    }

    /** One key below source.dynamodb, which then stands in line 5. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "endpoint: ftp://x | endpoint: ftp://x: must be an http or https address or embedded, for example"
                        + " http://localhost:8000",
                "sample: shop | sample: shop: only fills the embedded DynamoDB: add endpoint: embedded, or remove"
                        + " sample",
                "role: reader | role: reader: must be the ARN of an IAM role, for example"
                        + " arn:aws:iam::111122223333:role/read",
                "consistent: 1 | consistent: 1: must be true or false",
                "segments: 1000001 | segments: 1000001: must be auto or a whole number from 1 to 1000000",
                "segments: 99999999999999999999 | segments: 99999999999999999999: must be auto or a whole number from 1"
                        + " to 1000000",
                "read-capacity: 0 | read-capacity: 0: must be a whole number of units a second or a percentage above 0%, for"
                        + " example 500 or 25%",
                "read-capacity: 0% | read-capacity: 0%: must be a whole number of units a second or a percentage above"
                        + " 0%, for example 500 or 25%",
                "read-capacity: 101% | read-capacity: 101%: must be a whole number of units a second or a percentage"
                        + " above 0%, for example 500 or 25%",
                "max-read-units: 0.5 | max-read-units: 0.5: must be a whole number of capacity units, at least 1",
                "endpont: embedded | endpont: unknown key: did you mean endpoint?",
            })
    void aWrongValueOfTheSource(String line, String message) {
        String job = JobFiles.SMALLEST.replace("    table: items\n", "    table: items\n    " + line + "\n");
        assertThat(files.job(job).mistakes()).containsExactly("jobs/test.yaml:5: source.dynamodb." + message);
    }

    @Test
    void keysOfTheSourceThatContradict() {
        String role = "    endpoint: embedded\n    role: arn:aws:iam::111122223333:role/read\n";
        String job = JobFiles.SMALLEST.replace("    table: items\n", "    table: it\n" + role);
        assertThat(files.job(job).mistakes())
                .containsExactly(
                        "jobs/test.yaml:4: source.dynamodb.table: it: must be 3 to 255 of letters, digits, underscore,"
                                + " hyphen and dot",
                        "jobs/test.yaml:6: source.dynamodb.role: arn:aws:iam::111122223333:role/read: has no effect with"
                                + " endpoint: embedded: remove one of them");
        String expire = "    table: items\n    projection: [a]\n    expire: ttl\n";
        assertThat(files.job(JobFiles.SMALLEST.replace("    table: items\n", expire))
                        .mistakes())
                .containsExactly(
                        "jobs/test.yaml:6: source.dynamodb.expire: ttl: would not be read: add it to projection");
    }

    @Test
    void keysOfTheStagingThatContradict() {
        assertThat(files.job(JobFiles.SMALLEST + "  format: csv\n  codec: snappy\n")
                        .mistakes())
                .containsExactly(
                        "jobs/test.yaml:8: staging.codec: snappy: is not for csv: must be gzip, zstd or none there");
        assertThat(files.job(JobFiles.SMALLEST + "  spool: keep\ntables: {A: {hash: [x]}}\n")
                        .mistakes())
                .containsExactly("jobs/test.yaml:7: staging.spool: keep: would keep what tables.A drops or hashes: must"
                        + " be delete or encrypt");
        assertThat(files.job(JobFiles.SMALLEST + "  spool: delete\n  spool-key: ${secret:a#b}\n")
                        .mistakes())
                .containsExactly("jobs/test.yaml:8: staging.spool-key: has no effect without spool: encrypt: add that,"
                        + " or remove spool-key");
    }

    @Test
    void redshiftReadsTheLandingFromS3AndNeedsARole() {
        String job = """
                job: test
                source: {dynamodb: {table: shop, region: us-east-1}}
                schema: {kind: EntityType}
                staging: {at: s3://acme/staging}
                warehouse:
                  redshift: {host: h, database: d, user: u, password: "${env:P}", iam-role: "arn:aws:iam::111122223333:role/r"}
                """;
        files.variable("P", "secret");
        assertThat(files.job(job).mistakes()).isEmpty();
        assertThat(files.job(job.replace("s3://acme/staging", "data/staging")).mistakes())
                .containsExactly(
                        "jobs/test.yaml:4: staging.at: data/staging: is read by the warehouse itself, which reads from S3 only:"
                                + " must be s3://bucket/prefix");
        assertThat(files.job(job.replace(", iam-role: \"arn:aws:iam::111122223333:role/r\"", ""))
                        .mistakes())
                .containsExactly(
                        "jobs/test.yaml:6: warehouse.redshift.iam-role: is missing: role: ARN, several chained by"
                                + " commas, or default");
        assertThat(files.job(job.replace(
                                "111122223333:role/r\"", "1:role/r\", tables: {orders: {distkey: a, diststyle: even}}"))
                        .mistakes())
                .containsExactly(
                        "jobs/test.yaml:6: warehouse.redshift.iam-role: arn:aws:iam::1:role/r: must be a role's ARN, for example"
                                + " arn:aws:iam::111122223333:role/millrace-copy, or default",
                        "jobs/test.yaml:6: warehouse.redshift.tables.orders.diststyle: even: has no effect beside distkey:"
                                + " remove one of them");
    }

    @Test
    void aSourceIsExactlyOne() {
        assertThat(files.job("job: test\nsource: {}\nstaging: {at: x}\n").mistakes())
                .containsExactly("jobs/test.yaml:2: source: must hold one of: dynamodb, json, csv, parquet, snapshot");
        assertThat(files.job("job: test\n").mistakes())
                .containsExactly(
                        "jobs/test.yaml:1: source: is missing: add it",
                        "jobs/test.yaml:1: staging: is missing: add it");
    }

    @Test
    void aTableOfAKindThatNoPatternMakes() {
        String job = JobFiles.SMALLEST + """
                schema: {kind: {patterns: {Order: {PK: "O*"}}}}
                tables:
                  _unknown: {name: others}
                  Oder: {name: orders}
                """;
        assertThat(files.job(job).mistakes())
                .containsExactly(
                        "jobs/test.yaml:10: tables.Oder: no such kind in schema.kind.patterns: did you mean Order?");
    }

    @Test
    void aSecretWrittenLiterallyIsNotPrinted() {
        assertThat(files.job(JobFiles.SMALLEST + "  spool: encrypt\n  spool-key: hunter2\n")
                        .mistakes())
                .containsExactly(
                        "jobs/test.yaml:8: staging.spool-key: must be ${env:NAME}, ${file:/PATH} or ${secret:ID#key}: secrets"
                                + " are never written here");
        assertThat(files.job(JobFiles.SMALLEST + "  spool-key: hunter2\n").mistakes())
                .noneMatch(message -> message.contains("hunter2"))
                .hasSize(2);
        assertThat(files.job(JobFiles.SMALLEST + "  spool: encrypt\n")
                        .set("staging.spool-key", "hunter2")
                        .mistakes())
                .containsExactly(
                        "--set staging.spool-key: must be ${env:NAME}, ${file:/PATH} or ${secret:ID#key}: secrets are never"
                                + " written here");
    }

    @Test
    void aSecretInTheEnvironmentIsCheckedAndNotPrinted() {
        files.job(JobFiles.SMALLEST + "  spool: encrypt\n  spool-key: ${env:KEY}\n");
        assertThat(files.mistakes())
                .containsExactly("jobs/test.yaml:8: staging.spool-key: ${env:KEY}: no environment variable KEY: set it"
                        + " to the secret, or say where the secret is: ${env:NAME}, ${file:/PATH} or ${secret:ID#key}");
        assertThat(files.variable("KEY", "hunter2").mistakes())
                .containsExactly("jobs/test.yaml:8: staging.spool-key: ${env:KEY}: must hold 32 bytes in base64: make"
                        + " one by openssl rand -base64 32");
    }

    @Test
    void whatTheEnvironmentHoldsIsNotPrintedButArgumentsAre() {
        files.job(JobFiles.SMALLEST + "overlap: ${env:MODE}\nresume-within: ${arg:time}\n");
        assertThat(files.variable("MODE", "hunter2").set("time", "1 hour").mistakes())
                .containsExactly(
                        "jobs/test.yaml:7: overlap: ${env:MODE}: must be skip or wait",
                        "jobs/test.yaml:8: resume-within: 1 hour: must be a positive duration: a whole number with s, m,"
                                + " h or d, for example 30s, 15m, 1h or 7d");
    }

    @Test
    void mistakesOfTheEnvironmentsFileNameIt() {
        files.job("job: test\nsource: {dynamodb: {table: items}}\n");
        assertThat(files.env("overlap: never\nstaging:\n  at: x\n  kep: 2d\n").mistakes())
                .containsExactly(
                        "conf/prod.yaml:1: overlap: never: must be skip or wait",
                        "conf/prod.yaml:4: staging.kep: unknown key: did you mean keep?");
    }

    @Test
    void mistakesOfSetValues() {
        files.job(JobFiles.SMALLEST)
                .set("overlap", "never")
                .set("sorce.dynamodb.table", "x")
                .set("source.dynamodb.tabel", "x")
                .set("staging.keep.days", "2")
                .set("staging.keep", "[2d]")
                .set("warehouse", "{duckdb: {path: w}, gate: {max-shrink: 2}}")
                .set("tables", "{A: ")
                .set("overlp", "wait");
        assertThat(files.mistakes())
                .containsExactly(
                        "--set sorce.dynamodb.table: sorce: unknown key: did you mean source?",
                        "--set source.dynamodb.tabel: unknown key: did you mean table?",
                        "--set staging.keep.days: no keys stand below this one",
                        "--set tables: not valid YAML: expected the node content, but found '<stream end>'",
                        "--set overlp: no such key, and ${arg:overlp} is not in jobs/test.yaml: did you mean overlap?",
                        "--set overlap: never: must be skip or wait",
                        "--set staging.keep: [2d]: must be a positive duration: a whole number with s, m, h or d, for"
                                + " example 30s, 15m, 1h or 7d",
                        "--set warehouse: warehouse.gate.max-shrink: 2: must be a percentage from 0% to 100%, for"
                                + " example 0.1%");
    }

    @Test
    void whatIsNoYaml() {
        assertThat(files.job("job: test\nsource: {dynamodb: {table: x}\nstaging: {at: x}\n")
                        .mistakes())
                .containsExactly("jobs/test.yaml:3: not valid YAML: expected ',' or '}', but got <scalar>");
        assertThat(files.job("job: test\n\tsource: x\n").mistakes())
                .containsExactly(
                        "jobs/test.yaml:2: not valid YAML: found character '\\t(TAB)' that cannot start any token. (Do"
                                + " not use \\t(TAB) for indentation)");
        assertThat(files.job("job: test\nstaging: {at: ${env:HOME}}\n").mistakes())
                .singleElement()
                .asString()
                .startsWith("jobs/test.yaml:2: not valid YAML: ")
                .endsWith(": inside { } and [ ] a reference needs quotes, \"${env:NAME}\"");
        assertThat(files.job("").mistakes())
                .containsExactly("jobs/test.yaml:1: is empty: jobs/shop.yaml is an example to start from");
        assertThat(files.job("- a\n").mistakes())
                .containsExactly("jobs/test.yaml:1: must be a map of keys: jobs/shop.yaml is an example to start from");
        assertThat(files.job("job: a\u0007b\n").mistakes())
                .singleElement()
                .asString()
                .startsWith("jobs/test.yaml:1: not valid YAML: ");
    }

    @Test
    void mistakesOfSyntaxInBothFilesAreTold() {
        assertThat(files.job("job: [\n").env("staging: [\n").mistakes())
                .hasSize(2)
                .allMatch(message -> message.contains(".yaml:2: not valid YAML: "));
    }

    @Test
    void anAliasOfItself() {
        assertThat(files.job(JobFiles.SMALLEST + "tables: {A: &a {columns: *a}}\n")
                        .mistakes())
                .containsExactly("jobs/test.yaml:7: tables.A.columns: holds itself by its alias: write it out");
    }

    /** Whatever stands in a file: either a job or mistakes at lines, nothing else. */
    @ParameterizedTest
    @CsvSource({"full.yaml, 300", "full-json.yaml, 150", "full-csv.yaml, 50"})
    void everyLineMayBeWrong(String file, int least) throws IOException {
        String home = System.getProperty("millrace.home");
        List<String> lines = Files.readAllLines(Path.of(home, "src/test/resources/config", file));
        int wrong = 0;
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            String key = line.substring(0, line.indexOf(':') + 1);
            for (String value :
                    List.of("", " ''", " x", " -1", " []", " {}", " {x: y}", " [[x]]", " ${env:X}", " *x")) {
                List<String> changed = new ArrayList<>(lines);
                changed.set(i, key + value);
                List<String> mistakes =
                        files.job(String.join("\n", changed) + "\n").mistakes();
                assertThat(mistakes).as(key + value).allMatch(mistake -> mistake.startsWith("jobs/test.yaml:"));
                if (mistakes.isEmpty()) {
                    assertThat(files.load().name()).isNotEmpty();
                } else {
                    assertThatThrownBy(files::load).isInstanceOf(Fault.class).hasMessageContaining(mistakes.get(0));
                    wrong++;
                }
            }
        }
        assertThat(wrong).isGreaterThan(least);
    }

    @Test
    void aLongValueIsShownInOneLine() {
        files.job(JobFiles.SMALLEST + "overlap: |\n  first\n  second\n");
        assertThat(files.mistakes()).containsExactly("jobs/test.yaml:7: overlap: first second: must be skip or wait");
        files.job(JobFiles.SMALLEST + "overlap: " + "x".repeat(101) + "\n");
        assertThat(files.mistakes())
                .containsExactly("jobs/test.yaml:7: overlap: " + "x".repeat(100) + "...: must be skip or wait");
    }

    @Test
    void anchorsAreReadAndDoNotGrow() {
        StringBuilder yaml = new StringBuilder(JobFiles.SMALLEST).append("x0: &a0 [v]\n");
        for (int i = 1; i < 40; i++) {
            yaml.append("x%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
        }
        assertThat(files.job(yaml.toString()).mistakes()).isNotEmpty();
        assertThat(files.job(JobFiles.SMALLEST + "tables: {A: &a {drop: [x]}, B: *a}\n")
                        .load()
                        .table("B")
                        .drop())
                .hasToString("[x]");
    }

    @Test
    void aFileThatIsMissing() {
        files.write("jobs/shop.yaml", "").write("jobs/orders.yaml", "");
        assertThat(files.mistakesIn(Path.of("jobs/shpo.yaml")))
                .containsExactly("No job file: jobs/shpo.yaml: did you mean jobs/shop.yaml?");
        assertThat(files.mistakesIn(Path.of("jobs/shop")))
                .containsExactly("No job file: jobs/shop: did you mean jobs/shop.yaml?");
        assertThat(files.mistakesIn(Path.of("jobs/zzz.yaml")))
                .containsExactly("No job file: jobs/zzz.yaml: there are orders.yaml, shop.yaml");
        assertThat(files.mistakesIn(Path.of("nowhere/shop.yaml")))
                .containsExactly("No job file: nowhere/shop.yaml: give the path of one, for example jobs/shop.yaml");
        assertThat(files.mistakesIn(Path.of("jobs"))).containsExactly("jobs:1: is a folder: give a file in it");
        files.write("conf/prd.yaml", "");
        assertThat(files.job(JobFiles.SMALLEST).env("").mistakes())
                .containsExactly("No environment file: conf/prod.yaml: did you mean conf/prd.yaml?");
    }

    @Test
    void aFileThatIsNotUtf8() throws IOException {
        files.job("");
        Files.write(base.resolve(JobFiles.JOB), "job: Zoë\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(files.mistakes()).containsExactly("jobs/test.yaml:1: is not UTF-8 text: save it as UTF-8");
    }
}
