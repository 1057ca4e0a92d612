package dev.millrace.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.table.ColumnType;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValueTypesTest {
    private static final Path BASE = Path.of("/work dir/here");

    @ParameterizedTest
    @CsvSource({
        "data, file:///work dir/here/data/",
        "./data/../x/, file:///work dir/here/x/",
        "../up, file:///work dir/up/",
        "/abs//olute/, file:///abs/olute/",
        "file:///abs, file:///abs/",
        "/, file:///",
        "s3://bucket, s3://bucket/",
        "s3://bucket/, s3://bucket/",
        "s3://my.bucket-1/a b/c%20/, s3://my.bucket-1/a b/c%20/",
        "s3a://bucket/x, s3://bucket/x/",
    })
    void readsAFolder(String text, String uri) {
        Location location = Location.parse(text, BASE).orElseThrow();
        assertThat(location.uri()).isEqualTo(uri);
        assertThat(location.path().map(Location::of))
                .isEqualTo(location.isLocal() ? Optional.of(location) : Optional.empty());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "~/data",
                "gs://b/x",
                "hdfs:/x",
                "file://host/x",
                "file:x",
                "s3://",
                "s3://B/x",
                "s3://b/x",
                "s3://bucket//x",
                "s3://bucket/../x",
                "s3://bucket/a/.",
                "a\u0000b"
            })
    void refusesWhatIsNoFolder(String text) {
        assertThat(Location.parse(text, BASE)).isEmpty();
    }

    @Test
    void readsAttributePaths() {
        assertThat(AttributePath.parse("address.city").orElseThrow().names()).containsExactly("address", "city");
        assertThat(AttributePath.parse("a\\.b.c\\\\d. e ").orElseThrow().names())
                .containsExactly("a.b", "c\\d", " e ");
        assertThat(new AttributePath(List.of("a.b", "c\\d"))).hasToString("a\\.b.c\\\\d");
        assertThat(List.of("", ".", "a.", ".a", "a..b", "a\\", "a\\b"))
                .allSatisfy(text -> assertThat(AttributePath.parse(text)).isEmpty());
        assertThatThrownBy(() -> new AttributePath(List.of("a", "")))
                .hasMessage("Invalid attribute path: [a, ]: a name is missing");
    }

    @Test
    void readsPercentagesExactly() {
        assertThat(Percent.parse("0.1%").orElseThrow().fraction()).isEqualTo(new BigDecimal("0.001"));
        assertThat(Percent.parse("020.00%")).contains(new Percent(BigDecimal.valueOf(20)));
        assertThat(Percent.parse("100%").orElseThrow()).hasToString("100%");
        assertThat(List.of("100.1%", "1", "%", "-1%", "1e1%", ".5%", "1 %"))
                .allSatisfy(text -> assertThat(Percent.parse(text)).isEmpty());
        assertThatThrownBy(() -> new Percent(new BigDecimal("100.5")))
                .hasMessage("Invalid percentage: 100.5: must be from 0 to 100");
    }

    @Test
    void readsTypes() {
        assertThat(DeclaredType.parse("epoch-millis"))
                .contains(new DeclaredType(ColumnType.TIMESTAMP, DeclaredType.Reading.EPOCH_MILLIS));
        assertThat(List.of("decimal(18,2)", "epoch-seconds", "json", "epoch-millis"))
                .allSatisfy(text ->
                        assertThat(DeclaredType.parse(text).orElseThrow()).hasToString(text));
        assertThat(DeclaredType.parse("int")).isEmpty();
    }

    @Test
    void readsReferencesToSecrets() {
        assertThat(SecretRef.parse("${env:KEY}").flatMap(SecretRef::variable)).contains("KEY");
        assertThat(SecretRef.parse("${secret:arn:aws:secretsmanager:eu-west-1:1:secret:x#key}"))
                .isPresent();
        assertThat(List.of("hunter2", "${arg:KEY}", "x${env:KEY}", "${secret:a}", "${secret:a#b}${env:B}", "${env:}"))
                .allSatisfy(text -> assertThat(SecretRef.parse(text)).isEmpty());
    }

    @Test
    void aWrongSpoolKeyIsNotPrinted() {
        assertThatThrownBy(() -> StagingSettings.decodeSpoolKey("aHVudGVyMg=="))
                .isInstanceOf(Fault.class)
                .hasMessage("Invalid staging.spool-key: must hold 32 bytes in base64: make one by openssl rand -base64"
                        + " 32");
    }

    @ParameterizedTest
    @CsvSource({"table, tabel, 1", "a, b, 1", "'', abc, 3", "keep-previous, Keep_Previous, 0", "region, regions, 1"})
    void countsDifferences(String left, String right, int distance) {
        assertThat(Nearest.distance(left, right)).isEqualTo(distance);
        assertThat(Nearest.distance(right, left)).isEqualTo(distance);
    }

    @Test
    void proposesOnlyWhatIsNear() {
        assertThat(Nearest.to("endpont", List.of("expire", "endpoint"))).contains("endpoint");
        assertThat(Nearest.to("bucket", List.of("table", "region"))).isEmpty();
    }
}
