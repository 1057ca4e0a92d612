package dev.millrace.config;

import dev.millrace.config.StagingSettings.Spool;
import dev.millrace.table.Codec;
import dev.millrace.table.FileFormat;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The keys of {@code staging}. */
final class StagingKeys {
    private StagingKeys() {}

    private static final Key<StagingSettings, Location> AT = Key.derived(
            "at",
            Scalars.FOLDER,
            "`<lake.at>/_staging/`; required without a lake",
            StagingKeys::at,
            StagingSettings::at,
            "The folder of all runs' files; the job's own is below it.");
    private static final Key<StagingSettings, Duration> KEEP =
            Key.of("keep", Scalars.DURATION, "2d", StagingSettings::keep, "How long a run's files stay after its end.");
    private static final Key<StagingSettings, FileFormat> FORMAT = Key.of(
            "format", Scalar.oneOf(FileFormat.values()), "parquet", StagingSettings::format, "How files are written.");
    private static final Key<StagingSettings, Codec> CODEC = Key.derived(
            "codec",
            Scalar.oneOf(Codec.values()),
            "`zstd`; `gzip` for csv",
            r -> Optional.of(r.textAt("staging", "format").filter("csv"::equals).isPresent() ? "gzip" : "zstd"),
            StagingSettings::codec,
            "How files are compressed, also those of the lake; csv has no snappy.");
    static final Key<StagingSettings, Spool> SPOOL = Key.derived(
            "spool",
            Scalar.oneOf(Spool.values()),
            "`keep`; `delete` where a table has `drop` or `hash`",
            r -> Optional.of(TableKeys.protectedTable(r).isPresent() ? "delete" : "keep"),
            StagingSettings::spool,
            "What becomes of the source's items as they came: kept as long as the run's files, deleted once they"
                    + " are landed, or kept encrypted.");
    private static final Key<StagingSettings, SecretRef> SPOOL_KEY = Key.optional(
            "spool-key",
            new SecretForm(StagingSettings::isSpoolKey, StagingSettings.KEY_RULE),
            StagingSettings::spoolKey,
            "The key of an encrypted spool, 32 bytes in base64; required with `spool: encrypt`.");

    static final Section<StagingSettings> SECTION = Section.<StagingSettings>of(
                    List.of(AT, KEEP, FORMAT, CODEC, SPOOL, SPOOL_KEY),
                    v -> new StagingSettings(
                            v.get(AT), v.get(KEEP), v.get(FORMAT), v.get(CODEC), v.get(SPOOL), v.find(SPOOL_KEY)))
            .checked(StagingKeys::check);

    /** The folder, given or by default. */
    static Optional<String> at(Reading r) {
        return r.textAt("staging", "at")
                .or(() -> r.textAt("lake", "at").map(at -> at + (at.endsWith("/") ? "" : "/") + "_staging/"));
    }

    private static void check(Values v) {
        if (!v.isGiven(AT) && v.reading().root().find("lake").isEmpty()) {
            v.mistake(AT, "is missing: " + Scalars.FOLDER.shape().replace("`", ""));
        }
        boolean csv = v.find(FORMAT).filter(f -> f == FileFormat.CSV).isPresent();
        if (csv && v.find(CODEC).filter(c -> c == Codec.SNAPPY).isPresent()) {
            v.mistake(CODEC, "is not for csv: must be gzip, zstd or none there");
        }
        Optional<Spool> spool = v.find(SPOOL);
        if (spool.filter(s -> s == Spool.ENCRYPT).isPresent() && !v.isGiven(SPOOL_KEY)) {
            v.mistake(SPOOL, "needs spool-key: add it as " + SecretRef.FORMS);
        }
        if (spool.filter(s -> s != Spool.ENCRYPT).isPresent() && v.isGiven(SPOOL_KEY)) {
            v.mistake(SPOOL_KEY, "has no effect without spool: encrypt: add that, or remove spool-key");
        }
        if (spool.filter(s -> s == Spool.KEEP).isPresent()) {
            TableKeys.protectedTable(v.reading())
                    .ifPresent(kind -> v.mistake(
                            SPOOL, "would keep what tables." + kind + " drops or hashes: must be delete or encrypt"));
        }
    }
}
