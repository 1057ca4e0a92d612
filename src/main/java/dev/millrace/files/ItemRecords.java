package dev.millrace.files;

import dev.millrace.json.JsonTape;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The items of a DynamoDB export: of each record {@code {"Item":{…}}} what it holds. Others are none. */
final class ItemRecords implements RecordReader {
    private static final byte[] ITEM = "Item".getBytes(StandardCharsets.US_ASCII);

    private final JsonRecords records;
    private final JsonTape item = new JsonTape();
    private Bad bad;

    ItemRecords(JsonRecords records) {
        this.records = records;
    }

    @Override
    public Met next() {
        Met met = records.next();
        return switch (met) {
            case END -> met;
            case BAD -> {
                bad = records.bad();
                yield met;
            }
            case RECORD -> ofRecord();
        };
    }

    private Met ofRecord() {
        JsonTape record = records.tape();
        int name = 1;
        boolean isItem = record.isObject(0)
                && record.size() > 2
                && record.is(name, ITEM)
                && record.isObject(name + 1)
                && record.next(name + 1) == record.size();
        if (isItem && item.parse(record.input(), record.rawStart(name + 1), record.rawEnd(name + 1))) {
            return Met.RECORD;
        }
        int from = record.rawStart(0);
        int length = record.rawEnd(0) - from;
        int kept = Math.min(length, BadRegion.KEPT_BYTES);
        bad = new Bad(
                records.position(),
                BadRegion.cut("the record is no {\"Item\":{…}} of a DynamoDB export", kept, length),
                Arrays.copyOfRange(record.input(), from, from + kept),
                length);
        return Met.BAD;
    }

    @Override
    public JsonTape tape() {
        return item;
    }

    @Override
    public long position() {
        return records.position();
    }

    @Override
    public Bad bad() {
        return bad;
    }

    @Override
    public String damage() {
        return records.damage();
    }

    @Override
    public void close() {
        records.close();
    }
}
