package dev.millrace.storage;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/**
 * Says with every request who has to own the bucket, and with every one that makes an object how it is encrypted. It is
 * done here, once, so that no request can be without. The parts of an upload are encrypted as the upload began.
 *
 * @see <a href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html">Bucket owner condition</a>
 * @see <a href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html">Encryption by KMS</a>
 */
final class S3Headers implements ExecutionInterceptor {
    private static final String OWNER = "x-amz-expected-bucket-owner";
    private static final String SOURCE_OWNER = "x-amz-source-expected-bucket-owner";
    private static final String ENCRYPTION = "x-amz-server-side-encryption";
    private static final String KMS_KEY = "x-amz-server-side-encryption-aws-kms-key-id";

    private final StorageOptions options;

    S3Headers(StorageOptions options) {
        this.options = options;
    }

    @Override
    public SdkHttpRequest modifyHttpRequest(Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
        Map<String, String> headers = headers(context.request());
        return headers.isEmpty()
                ? context.httpRequest()
                : context.httpRequest().copy(request -> headers.forEach(request::putHeader));
    }

    private Map<String, String> headers(SdkRequest request) {
        Map<String, String> headers = new TreeMap<>();
        request.getValueForField("Bucket", String.class)
                .flatMap(this::owner)
                .ifPresent(owner -> headers.put(OWNER, owner));
        request.getValueForField("CopySource", String.class)
                .flatMap(source -> owner(source.substring(0, source.indexOf('/'))))
                .ifPresent(owner -> headers.put(SOURCE_OWNER, owner));
        boolean isWrite = request instanceof PutObjectRequest
                || request instanceof CopyObjectRequest
                || request instanceof CreateMultipartUploadRequest;
        if (isWrite && options.encryption() != S3Encryption.BY_BUCKET) {
            headers.put(ENCRYPTION, options.encryption().header());
            if (!options.kmsKey().isEmpty()) {
                headers.put(KMS_KEY, options.kmsKey());
            }
        }
        return headers;
    }

    private Optional<String> owner(String bucket) {
        return Optional.ofNullable(options.owners().get(bucket));
    }
}
