package dev.millrace.remote;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.GetLogEventsRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.GetLogEventsResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceNotFoundException;

/** The lines of the first of some streams of CloudWatch Logs that is there. */
final class CloudWatchTail implements LogTail {
    /**
     * A stream.
     *
     * @param group that it is of
     */
    record Stream(String group, String name) {}

    private static final int LAST = 20;
    private static final int PAGES = 10;

    private final CloudWatchLogsClient client;
    private final List<Stream> candidates;
    private Optional<Stream> found = Optional.empty();
    private Optional<String> token = Optional.empty();

    CloudWatchTail(CloudWatchLogsClient client, List<Stream> candidates) {
        this.client = client;
        this.candidates = List.copyOf(candidates);
    }

    @Override
    public List<String> next() {
        if (found.isEmpty()) {
            return first();
        }
        List<String> lines = new ArrayList<>();
        for (int page = 0; page < PAGES; page++) {
            GetLogEventsResponse events = read(found.get(), token);
            lines.addAll(lines(events));
            Optional<String> next = Optional.ofNullable(events.nextForwardToken());
            boolean isLast = events.events().isEmpty() || next.equals(token);
            token = next.or(() -> token);
            if (isLast) {
                break;
            }
        }
        return lines;
    }

    private List<String> first() {
        for (Stream stream : candidates) {
            Optional<GetLogEventsResponse> last =
                    last(stream).filter(events -> !events.events().isEmpty());
            if (last.isPresent()) {
                found = Optional.of(stream);
                token = Optional.ofNullable(last.get().nextForwardToken());
                return lines(last.get());
            }
        }
        return List.of();
    }

    private Optional<GetLogEventsResponse> last(Stream stream) {
        try {
            return Optional.of(read(stream, Optional.empty()));
        } catch (ResourceNotFoundException notYet) {
            return Optional.empty(); // A stream is there once something was logged.
        }
    }

    private GetLogEventsResponse read(Stream stream, Optional<String> from) {
        GetLogEventsRequest.Builder request = GetLogEventsRequest.builder()
                .logGroupName(stream.group())
                .logStreamName(stream.name())
                .startFromHead(from.isPresent());
        from.ifPresentOrElse(request::nextToken, () -> request.limit(LAST));
        return client.getLogEvents(request.build());
    }

    private static List<String> lines(GetLogEventsResponse events) {
        return events.events().stream()
                .flatMap(event -> event.message().lines())
                .toList();
    }
}
