package dev.millrace.dynamodb;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import software.amazon.awssdk.core.exception.Crc32MismatchException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpResponse;

/**
 * Hands the body of an answer to the caller as it came and an empty object to the SDK, which then builds no values. The
 * SDK's check of the body's CRC32 is done here in its place; a mismatch is one of its retryable failures.
 *
 * <p>Only for requests that carry a {@link Holder}, and only for their successes.
 */
final class RawBody implements ExecutionInterceptor {
    static final ExecutionAttribute<Holder> HOLDER = new ExecutionAttribute<>("millrace.raw-body");

    private static final String CRC = "x-amz-crc32";

    /** Where the body goes. */
    static final class Holder {
        private byte[] body = new byte[0];
        private Optional<String> crc = Optional.empty();
        private Optional<String> encoding = Optional.empty();

        /** The answer's body, checked and plain. */
        byte[] body() {
            return body;
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
        holder.encoding = response.firstMatchingHeader("Content-Encoding");
        return response.toBuilder()
                .removeHeader(CRC)
                .removeHeader("Content-Encoding")
                .removeHeader("Content-Length")
                .build();
    }

    @Override
    public Optional<InputStream> modifyHttpResponseContent(
            Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
        SdkHttpResponse response = context.httpResponse();
        if (!isTapped(response, attributes)) {
            return context.responseBody();
        }
        Holder holder = attributes.getAttribute(HOLDER);
        try (InputStream in = context.responseBody().orElse(InputStream.nullInputStream())) {
            holder.body = checked(in.readAllBytes(), holder.crc, holder.encoding);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Optional.of(new ByteArrayInputStream("{}".getBytes(StandardCharsets.UTF_8)));
    }

    /** The CRC32 is that of the body as it was sent. */
    private static byte[] checked(byte[] body, Optional<String> crc, Optional<String> encoding) throws IOException {
        if (crc.isPresent()) {
            CRC32 actual = new CRC32();
            actual.update(body);
            if (actual.getValue() != Long.parseLong(crc.get())) {
                throw Crc32MismatchException.create(
                        "The body's CRC32 is " + actual.getValue() + " and should be " + crc.get(), null);
            }
        }
        if (encoding.filter("gzip"::equalsIgnoreCase).isPresent()) {
            try (InputStream plain = new GZIPInputStream(new ByteArrayInputStream(body))) {
                return plain.readAllBytes();
            }
        }
        return body;
    }
}
