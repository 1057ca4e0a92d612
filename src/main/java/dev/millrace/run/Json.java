package dev.millrace.run;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.BeanProperty;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.ContextualDeserializer;
import com.fasterxml.jackson.databind.deser.std.FromStringDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import java.io.IOException;
import java.io.Serial;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Optional;

/**
 * Records that persist as JSON files: keys sorted, UTF-8, times as ISO text, an empty optional as null. A field that
 * is not known is ignored, so an older jar reads what a newer one wrote as long as the {@code format} is the same.
 */
public final class Json {
    private static final ObjectMapper MAPPER = mapper();
    private static final ObjectReader TREE =
            MAPPER.readerFor(JsonNode.class).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private Json() {}

    public static byte[] write(Object value) {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException("Cannot write as JSON: " + value, e);
        }
    }

    /** Reads a file of one format, or finds that there is none. */
    public static <T> Optional<T> find(Storage storage, String path, Class<T> type, int format) {
        return storage.find(path).map(file -> read(storage.uri(path), file, type, format));
    }

    /**
     * Reads a file's content.
     *
     * @throws Fault of kind WORLD naming the file, when it cannot be understood or a newer Millrace wrote it
     */
    public static <T> T read(String uri, Versioned file, Class<T> type, int format) {
        try {
            JsonNode tree = TREE.readValue(file.content());
            JsonNode found = tree.path("format");
            if (!found.isInt()) {
                throw Fault.world("Cannot read " + uri + ": it has no format number. Restore the file, or remove it");
            }
            if (found.intValue() > format) {
                throw Fault.world("Cannot read " + uri + ": it has format " + found.intValue()
                        + ", this version of Millrace knows up to " + format + ". Use a newer one");
            }
            return MAPPER.treeToValue(tree, type);
        } catch (IOException e) {
            String said = e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
            throw Fault.world(
                    "Cannot read " + uri + ": it is damaged (" + said + "). Restore the file, or remove it", e);
        }
    }

    static JsonNode tree(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("Not JSON: " + json, e);
        }
    }

    private static ObjectMapper mapper() {
        SimpleModule types = new SimpleModule("millrace-run")
                .addSerializer(Instant.class, ToStringSerializer.instance)
                .addDeserializer(Instant.class, new TextDeserializer<>(Instant.class, Instant::parse))
                .addSerializer(RunId.class, ToStringSerializer.instance)
                .addDeserializer(RunId.class, new TextDeserializer<>(RunId.class, RunId::new))
                .addSerializer(Phase.class, new PhaseSerializer())
                .addDeserializer(
                        Phase.class,
                        new TextDeserializer<>(
                                Phase.class,
                                label -> Phase.named(label)
                                        .orElseThrow(() -> new IllegalArgumentException("unknown phase " + label))))
                .addSerializer(new OptionalSerializer())
                .addDeserializer(Optional.class, new OptionalDeserializer(Optional.empty()));
        return JsonMapper.builder()
                .addModule(types)
                .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
                .disable(MapperFeature.SORT_CREATOR_PROPERTIES_FIRST)
                .disable(MapperFeature.AUTO_DETECT_IS_GETTERS)
                .enable(SerializationFeature.WRITE_ENUMS_USING_TO_STRING)
                .enable(DeserializationFeature.READ_ENUMS_USING_TO_STRING)
                .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
                .build();
    }

    private interface Parse<T> {
        T from(String text);
    }

    private static final class TextDeserializer<T> extends FromStringDeserializer<T> {
        @Serial
        private static final long serialVersionUID = 1;

        private final transient Parse<T> parse;

        private TextDeserializer(Class<T> type, Parse<T> parse) {
            super(type);
            this.parse = parse;
        }

        @Override
        protected T _deserialize(String text, DeserializationContext context) throws IOException {
            try {
                return parse.from(text);
            } catch (RuntimeException e) {
                throw context.weirdStringException(text, _valueClass, e.getMessage());
            }
        }
    }

    private static final class PhaseSerializer extends StdSerializer<Phase> {
        @Serial
        private static final long serialVersionUID = 1;

        private PhaseSerializer() {
            super(Phase.class);
        }

        @Override
        public void serialize(Phase phase, JsonGenerator json, SerializerProvider provider) throws IOException {
            json.writeString(phase.label());
        }
    }

    private static final class OptionalSerializer extends StdSerializer<Optional<?>> {
        @Serial
        private static final long serialVersionUID = 1;

        private OptionalSerializer() {
            super(Optional.class, false);
        }

        @Override
        public void serialize(Optional<?> value, JsonGenerator json, SerializerProvider provider) throws IOException {
            if (value.isPresent()) {
                json.writeObject(value.get());
            } else {
                json.writeNull();
            }
        }
    }

    @SuppressWarnings("rawtypes") // a class literal cannot carry the type argument
    private static final class OptionalDeserializer extends JsonDeserializer<Optional>
            implements ContextualDeserializer {
        private final Optional<JavaType> content;

        private OptionalDeserializer(Optional<JavaType> content) {
            this.content = content;
        }

        @Override
        public JsonDeserializer<?> createContextual(DeserializationContext context, BeanProperty property) {
            JavaType type = property == null ? context.getContextualType() : property.getType();
            return new OptionalDeserializer(Optional.of(type.containedTypeOrUnknown(0)));
        }

        @Override
        public Optional deserialize(JsonParser json, DeserializationContext context) throws IOException {
            return Optional.of(context.readValue(json, content.orElseThrow()));
        }

        @Override
        public Optional getNullValue(DeserializationContext context) {
            return Optional.empty();
        }

        @Override
        public Optional getAbsentValue(DeserializationContext context) {
            return Optional.empty();
        }
    }
}
