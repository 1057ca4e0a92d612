package dev.millrace.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import dev.millrace.fault.Fault;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.Optional;

/**
 * Files of known files: JSON lines in zstd, sorted by path. The first line is a head: {@code {"format":1}}.
 * Then a line for each file; {@code modified} counts milliseconds.
 */
final class KnownFileLines {
    static final String SUFFIX = ".jsonl.zst";

    private static final int FORMAT = 1;
    private static final int LEVEL = 3;
    private static final JsonFactory JSON = new JsonFactory();

    private KnownFileLines() {}

    /** Writes files in the order that they are given in, which is that of their paths. */
    static final class Writer implements AutoCloseable {
        private final JsonGenerator json;

        Writer(OutputStream out) throws IOException {
            json = JSON.createGenerator(new ZstdOutputStreamNoFinalizer(out, LEVEL));
            json.setPrettyPrinter(new MinimalPrettyPrinter("\n"));
            json.writeStartObject();
            json.writeNumberField("format", FORMAT);
            json.writeEndObject();
        }

        void write(KnownFile file) throws IOException {
            json.writeStartObject();
            json.writeStringField("path", file.path());
            json.writeNumberField("size", file.bytes());
            json.writeStringField("etag", file.etag());
            json.writeNumberField("modified", file.modified().toEpochMilli());
            json.writeNumberField("rows", file.rows());
            if (file.isRefused()) {
                json.writeBooleanField("refused", true);
            }
            if (file.commit() > 0) {
                json.writeNumberField("commit", file.commit());
            }
            if (file.isGivenUp()) {
                json.writeBooleanField("givenUp", true);
            }
            json.writeEndObject();
        }

        @Override
        public void close() throws IOException {
            json.writeRaw('\n');
            json.close();
        }
    }

    /** Reads them one after another. */
    static final class Reader implements AutoCloseable {
        private final String uri;
        private final long commit;
        private final boolean isGivenUp;
        private final JsonParser json;

        /**
         * @param commit of the files that name none themselves
         * @param isGivenUp whether that commit's run was given up
         */
        Reader(String uri, InputStream in, long commit, boolean isGivenUp) {
            this.uri = uri;
            this.commit = commit;
            this.isGivenUp = isGivenUp;
            try {
                json = JSON.createParser(new ZstdInputStreamNoFinalizer(in));
                readHead();
            } catch (IOException e) {
                throw damaged(e.getMessage(), e);
            }
        }

        private void readHead() throws IOException {
            int format = 0;
            require(json.nextToken() == JsonToken.START_OBJECT);
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                if (name.equals("format")) {
                    format = json.getIntValue();
                }
                json.skipChildren();
            }
            if (format > FORMAT) {
                throw Fault.world("Cannot read " + uri + ": it has format " + format
                        + ", this version of Millrace knows up to " + FORMAT + ". Use a newer one");
            }
            require(format > 0);
        }

        /** The next file; empty after the last. */
        Optional<KnownFile> next() {
            try {
                return json.nextToken() == null ? Optional.empty() : Optional.of(read());
            } catch (IOException | IllegalArgumentException e) {
                throw damaged(e.getMessage(), e);
            }
        }

        private KnownFile read() throws IOException {
            require(json.currentToken() == JsonToken.START_OBJECT);
            String path = "";
            long bytes = 0;
            String etag = "";
            Instant modified = Instant.EPOCH;
            long rows = KnownFile.NOT_COUNTED;
            boolean isRefused = false;
            long of = commit;
            boolean givenUp = isGivenUp;
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                switch (name) {
                    case "path" -> path = json.getText();
                    case "size" -> bytes = json.getLongValue();
                    case "etag" -> etag = json.getText();
                    case "modified" -> modified = Instant.ofEpochMilli(json.getLongValue());
                    case "rows" -> rows = json.getLongValue();
                    case "refused" -> isRefused = json.getBooleanValue();
                    case "commit" -> of = json.getLongValue();
                    case "givenUp" -> givenUp = json.getBooleanValue();
                    default -> json.skipChildren();
                }
            }
            require(!path.isEmpty());
            return new KnownFile(path, bytes, etag, modified, rows, isRefused, of, givenUp);
        }

        private void require(boolean isFit) {
            if (!isFit) {
                throw damaged("no list of files", null);
            }
        }

        private Fault damaged(String why, Exception cause) {
            return Fault.world("Cannot read " + uri + ": it is damaged (" + why + "). Restore the file", cause);
        }

        @Override
        public void close() {
            try {
                json.close();
            } catch (IOException e) {
                throw damaged(e.getMessage(), e);
            }
        }
    }
}
