package dev.millrace.files;

import dev.millrace.config.ByteSize;
import dev.millrace.config.FileSource.Limits;
import dev.millrace.json.JsonTape;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What a file's records are: the records as text, and what is bad of it. */
record Records(List<String> texts, List<Long> offsets, List<RecordReader.Bad> bad) {
    static final Limits LIMITS = new Limits(512, new ByteSize(16 << 20), 1_000);

    static Records of(RecordReader reader) {
        Records all = new Records(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        try (reader) {
            for (RecordReader.Met met = reader.next(); met != RecordReader.Met.END; met = reader.next()) {
                if (met == RecordReader.Met.BAD) {
                    all.bad.add(reader.bad());
                } else {
                    JsonTape tape = reader.tape();
                    int length = tape.rawEnd(0) - tape.rawStart(0);
                    all.texts.add(new String(tape.input(), tape.rawStart(0), length, StandardCharsets.UTF_8));
                    all.offsets.add(reader.position());
                }
            }
        }
        return all;
    }

    static Records of(byte[] json, List<String> path, boolean header, Limits limits, int capacity) {
        InputStream in = new ByteArrayInputStream(json);
        Window window = new Window("file:///test.json", in, 0, Long.MAX_VALUE, 1, capacity);
        return of(new JsonRecords("file:///test.json", window, limits, path, header, 0, Long.MAX_VALUE));
    }

    static Records of(byte[] json) {
        return of(json, List.of(), false, LIMITS, 1 << 20);
    }

    static Records of(String json) {
        return of(json.getBytes(StandardCharsets.UTF_8));
    }

    /** The bad places: offset and bytes as text. */
    List<String> badTexts() {
        return bad.stream()
                .map(b -> b.offset() + ":" + new String(b.bytes(), StandardCharsets.UTF_8))
                .toList();
    }

    List<String> reasons() {
        return bad.stream().map(RecordReader.Bad::reason).toList();
    }
}
