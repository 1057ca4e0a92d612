package dev.millrace.testing;

import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;

/**
 * Tells of the scans that clients of this JVM ask for: each costs read capacity. The SDK finds it by its list of global
 * interceptors on the tests' class path.
 */
public final class ScanWatch implements ExecutionInterceptor {
    /** Told of each request in the thread that sends it; may throw. */
    public interface Listener {
        /** Before it is sent. */
        void asked(ScanRequest scan);

        /** Once the server has begun to answer. */
        void answered(ScanRequest scan);
    }

    private static final Listener NOBODY = new Listener() {
        @Override
        public void asked(ScanRequest scan) {}

        @Override
        public void answered(ScanRequest scan) {}
    };

    private static volatile Listener listener = NOBODY;

    /** From now on this one is told, alone. */
    public static void tell(Listener next) {
        listener = next;
    }

    public static void tellNobody() {
        listener = NOBODY;
    }

    @Override
    public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
        if (context.request() instanceof ScanRequest scan) {
            listener.asked(scan);
        }
    }

    @Override
    public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
        if (context.request() instanceof ScanRequest scan) {
            listener.answered(scan);
        }
    }
}
