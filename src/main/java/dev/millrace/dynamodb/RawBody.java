package dev.millrace.dynamodb;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpResponse;

/**
 * Hands the body of an answer to the caller as it came and an empty object to the SDK, which then builds no values. The
 * SDK's check of the body's CRC32 is done by {@link Holder#body} in its place.
 *
 * <p>Only for requests that carry a {@link Holder}, and only for their successes.
 */
final class RawBody implements ExecutionInterceptor {
    static final ExecutionAttribute<Holder> HOLDER = new ExecutionAttribute<>("millrace.raw-body");

    private static final String CRC = "x-amz-crc32";
    private static final String ENCODING = "Content-Encoding";
    private static final String LENGTH = "Content-Length";

    /** A page of 1 MB is a small multiple of it as JSON. Of more we wait and see. */
    private static final int LONGEST = 16 << 20;

    /** What came. */
    static final class Holder {
        private byte[] sent = new byte[0];
        private Optional<IOException> failure = Optional.empty();
        private Optional<String> crc = Optional.empty();
        private Optional<String> encoding = Optional.empty();
        private Optional<Integer> length = Optional.empty();

        /** The answer's body, plain; found whole where the server says how to tell. */
        byte[] body() throws Page.BrokenPage {
            if (failure.isPresent()) {
                throw new Page.BrokenPage(
                        "the answer broke off: " + failure.get().getMessage());
            }
            CRC32 actual = new CRC32();
            actual.update(sent);
            if (crc.isPresent() && !crc.get().equals(Long.toString(actual.getValue()))) {
                throw new Page.BrokenPage("the CRC32 of the " + sent.length + " bytes that came is " + actual.getValue()
                        + ", not " + crc.get());
            }
            if (encoding.filter("gzip"::equalsIgnoreCase).isEmpty()) {
                return sent;
            }
            try (InputStream plain = new GZIPInputStream(new ByteArrayInputStream(sent))) {
                return plain.readAllBytes();
            } catch (IOException e) {
                throw new Page.BrokenPage("the answer cannot be unpacked: " + e.getMessage());
            }
        }
    }

    private static boolean isTapped(SdkHttpResponse response, ExecutionAttributes attributes) {
        return response.isSuccessful() && attributes.getAttribute(HOLDER) != null;
    }

    @Override
    public SdkHttpResponse modifyHttpResponse(Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
        SdkHttpResponse response = context.httpResponse();
        if (!isTapped(response, attributes)) {
            return response;
        }
        Holder holder = attributes.getAttribute(HOLDER);
        holder.crc = response.firstMatchingHeader(CRC);
        holder.encoding = response.firstMatchingHeader(ENCODING);
        holder.length = response.firstMatchingHeader(LENGTH)
                .filter(length -> length.matches("\\d{1,8}"))
                .map(Integer::valueOf)
                .filter(length -> length <= LONGEST);
        return response.toBuilder()
                .removeHeader(CRC)
                .removeHeader(ENCODING)
                .removeHeader(LENGTH)
                .build();
    }

    @Override
    public Optional<InputStream> modifyHttpResponseContent(
            Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
        if (!isTapped(context.httpResponse(), attributes)) {
            return context.responseBody();
        }
        Holder holder = attributes.getAttribute(HOLDER);
        try (InputStream in = context.responseBody().orElse(InputStream.nullInputStream())) {
            holder.sent = holder.length.isPresent() ? bytes(in, holder.length.get()) : in.readAllBytes();
            holder.failure = Optional.empty();
        } catch (IOException e) {
            // Told by body(), so that one place decides about asking again.
            holder.failure = Optional.of(e);
        }
        return Optional.of(new ByteArrayInputStream("{}".getBytes(StandardCharsets.UTF_8)));
    }

    /** So many bytes, or fewer where they end before, in one array: nothing grows or is copied. */
    private static byte[] bytes(InputStream in, int length) throws IOException {
        byte[] bytes = new byte[length];
        int read = in.readNBytes(bytes, 0, length);
        return read == length ? bytes : Arrays.copyOf(bytes, read);
    }
}
