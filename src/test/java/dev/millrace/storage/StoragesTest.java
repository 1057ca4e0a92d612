package dev.millrace.storage;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoragesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "gs://bucket/x",
                "",
                " ",
                "s3://",
                "s3://UPPER/x",
                "s3:bucket",
                "s3://b/x",
                "file:relative",
                "file://host/x",
                "a\0b"
            })
    void otherLocationsAreRefused(String location) {
        assertThatThrownBy(() -> Storages.open(location, StorageOptions.DEFAULT))
                .isInstanceOf(Fault.class)
                .hasMessage("Invalid location: " + location.replace("\0", "\\0")
                        + ": must be a local path, file:///folder/, s3://bucket/prefix/ or s3a://bucket/prefix/")
                .extracting(failure -> ((Fault) failure).kind())
                .isEqualTo(Fault.Kind.USER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:9000", "ftp://x", "http://", "http://user:secret@host", "not a url"})
    void endpointsAreUrls(String endpoint) {
        assertThatThrownBy(() -> new StorageOptions(endpoint, "", true))
                .isInstanceOf(Fault.class)
                .hasMessage("Invalid endpoint: " + endpoint.replace("user:secret", "...")
                        + ": must be a url of http or https, for example http://127.0.0.1:9000");
    }
}
