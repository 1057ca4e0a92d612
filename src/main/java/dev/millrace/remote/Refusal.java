package dev.millrace.remote;

import dev.millrace.fault.Problem;
import java.util.Locale;
import java.util.Optional;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * Why a call brought nothing.
 *
 * @param kind what follows from it
 * @param text the platform's words in one line
 * @param remedy what to do; empty where that is not known
 */
record Refusal(Kind kind, String text, Optional<String> remedy) {
    /** What follows from a refusal. */
    enum Kind {
        /** The platform has done nothing, and may be asked again. */
        THROTTLED,
        /** Whether it has done something is not known; it may be asked again. */
        LOST,
        /** The platform will not. */
        REFUSED
    }

    /** @param permissions that the calls need */
    static Refusal of(SdkException failure, String permissions) {
        if (failure instanceof AwsServiceException refused) {
            String code = code(refused);
            String text = (code.isEmpty() ? "HTTP " + refused.statusCode() : code) + said(refused);
            if (refused.isThrottlingException() || isQuick(code)) {
                return new Refusal(Kind.THROTTLED, text, Optional.empty());
            }
            return refused.statusCode() >= 500 || code.equals("OperationTimeoutException")
                    ? new Refusal(Kind.LOST, text, Optional.empty())
                    : new Refusal(Kind.REFUSED, text, remedy(code, text, permissions));
        }
        String said = Problem.firstLine(failure.getMessage());
        if (said.startsWith("Unable to load credentials")) {
            return new Refusal(
                    Kind.REFUSED,
                    "no credentials",
                    Optional.of("set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
        }
        String problem = Problem.atRootOf(failure);
        return new Refusal(Kind.LOST, problem, Optional.empty());
    }

    private static boolean isQuick(String code) {
        return code.toLowerCase(Locale.ROOT).contains("throttl") || code.equals("TooManyRequestsException");
    }

    private static Optional<String> remedy(String code, String text, String permissions) {
        String all = text.toLowerCase(Locale.ROOT);
        if (code.startsWith("ExpiredToken") || code.equals("RequestExpired")) {
            return Optional.of("get new credentials and run the same command again");
        }
        if (code.equals("UnrecognizedClientException")
                || code.startsWith("InvalidClientTokenId")
                || code.startsWith("InvalidSignature")) {
            return Optional.of("the credentials are not valid here");
        }
        if (all.contains("passrole")) {
            return Optional.of("the credentials need iam:PassRole on the role that the job runs with");
        }
        if (code.startsWith("AccessDenied") || code.startsWith("UnauthorizedOperation")) {
            return Optional.of("the credentials need " + permissions);
        }
        if (code.equals("ConcurrentRunsExceededException")) {
            return Optional.of("wait for the other run's end and run the same command again, or raise MaxConcurrentRuns"
                    + " of the job");
        }
        if (all.contains("maximum number of active steps")) {
            return Optional.of("wait for the end of steps of this cluster and run the same command again");
        }
        if (code.contains("QuotaExceeded") || code.contains("LimitExceeded") || all.contains("limit exceeded")) {
            return Optional.of(
                    "wait for other runs' end and run the same command again, or have the account's quota" + " raised");
        }
        if (all.contains("role")) {
            return Optional.of("does the role exist, and does it trust the service? See docs/remote.md");
        }
        return Optional.empty();
    }

    static String code(AwsServiceException failure) {
        AwsErrorDetails details = failure.awsErrorDetails();
        return details == null || details.errorCode() == null ? "" : details.errorCode();
    }

    private static String said(AwsServiceException failure) {
        AwsErrorDetails details = failure.awsErrorDetails();
        return details == null || details.errorMessage() == null
                ? ""
                : ": " + Problem.firstLine(details.errorMessage());
    }

    /** With the remedy behind it, where there is one. */
    @Override
    public String toString() {
        return text + remedy.map(r -> ": " + r).orElse("");
    }
}
