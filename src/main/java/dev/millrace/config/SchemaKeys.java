package dev.millrace.config;

import dev.millrace.config.SchemaSettings.Contract;
import dev.millrace.config.SchemaSettings.KindAttribute;
import dev.millrace.config.SchemaSettings.KindPatterns;
import dev.millrace.config.SchemaSettings.KindRule;
import dev.millrace.config.SchemaSettings.Lists;
import dev.millrace.config.SchemaSettings.OneKind;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The keys of {@code schema}. */
final class SchemaKeys {
    private SchemaKeys() {}

    private static final Key<KindRule, String> KIND_ATTRIBUTE = Key.optional(
            "attribute",
            Scalars.ATTRIBUTE,
            rule -> rule instanceof KindAttribute a ? Optional.of(a.attribute()) : Optional.empty(),
            "The top-level attribute whose value is the kind; the same as writing its name right after `kind`.");
    private static final Key<KindRule, Map<String, Map<String, String>>> KIND_PATTERNS = Key.optional(
            "patterns",
            new MapForm<>("kind", Scalars.KIND, new MapForm<>("key attribute", Scalars.ATTRIBUTE, Scalars.GLOB)),
            rule -> rule instanceof KindPatterns p ? Optional.of(p.patterns()) : Optional.empty(),
            "For each kind what its keys look like; the first kind whose patterns all match is taken.");
    private static final ShortForm<String, KindRule> KIND = new ShortForm<>(
            Scalars.ATTRIBUTE,
            KindAttribute::new,
            Section.<KindRule>of(
                            List.of(KIND_ATTRIBUTE, KIND_PATTERNS),
                            v -> v.find(KIND_ATTRIBUTE)
                                    .<KindRule>map(KindAttribute::new)
                                    .orElseGet(() -> new KindPatterns(v.get(KIND_PATTERNS))))
                    .withOneOf(List.of(KIND_ATTRIBUTE, KIND_PATTERNS))
                    .checked(v -> v.find(KIND_PATTERNS).ifPresent(patterns -> {
                        if (patterns.isEmpty() || patterns.containsValue(Map.<String, String>of())) {
                            v.mistake(
                                    KIND_PATTERNS, "needs a kind, and a pattern for each: {Order: {PK: \"ORDER#*\"}}");
                        }
                    })));

    private static final Key<SchemaSettings, KindRule> KIND_KEY = Key.optional(
            "kind",
            KIND,
            s -> s.kind() instanceof OneKind ? Optional.empty() : Optional.of(s.kind()),
            "What tells the kind of an item, when a table holds several; left out, all items are of one kind.");
    private static final Key<SchemaSettings, Location> CACHE = Key.derived(
            "cache",
            Scalars.FOLDER,
            "`<staging.at>/<job>/schema/`",
            r -> StagingKeys.at(r)
                    .flatMap(at -> r.textAt("job").map(job -> at + (at.endsWith("/") ? "" : "/") + job + "/schema/")),
            SchemaSettings::cache,
            "Where the versions of the data-schemas are kept.");
    private static final Key<SchemaSettings, Duration> REFRESH = Key.of(
            "refresh",
            Scalars.DURATION,
            "7d",
            SchemaSettings::refresh,
            "The age from which on a data-schema is inferred anew, from what the last run counted; with"
                    + " `contract: evolve`.");
    private static final Key<SchemaSettings, Contract> CONTRACT = Key.of(
            "contract",
            Scalar.oneOf(Contract.values()),
            "evolve",
            SchemaSettings::contract,
            "What becomes of attributes, types and kinds that the data-schema does not know: a refresh takes them over"
                    + " (`evolve`), the run is refused (`freeze`), or they stay in `_rest` (`rescue`).");
    private static final Key<SchemaSettings, Lists> LISTS = Key.of(
            "lists",
            Scalar.oneOf(Lists.values()),
            "child-tables",
            SchemaSettings::lists,
            "What becomes of lists and sets: tables of their own, with the parent's key and the index, or a column of"
                    + " JSON text.");
    private static final Key<SchemaSettings, Percent> SAMPLE = Key.of(
            "sample", Scalars.PART, "100%", SchemaSettings::sample, "The part of the items that inference looks at.");
    static final Section<SchemaSettings> SECTION = Section.of(
            List.of(KIND_KEY, CACHE, REFRESH, CONTRACT, LISTS, SAMPLE),
            v -> new SchemaSettings(
                    v.find(KIND_KEY).orElseGet(OneKind::new),
                    v.get(CACHE),
                    v.get(REFRESH),
                    v.get(CONTRACT),
                    v.get(LISTS),
                    v.get(SAMPLE)));
}
