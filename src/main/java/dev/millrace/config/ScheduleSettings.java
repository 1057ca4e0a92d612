package dev.millrace.config;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * When a job is started, for what starts it: nothing here does so by itself.
 *
 * @param every time between starts; empty where only {@code after} or a person starts it
 * @param after jobs by name, and assets of Airflow by URI, that have to be renewed before each start
 * @param retries starts after one that the world failed, before somebody is told
 */
public record ScheduleSettings(Optional<Duration> every, List<String> after, int retries) {
    public ScheduleSettings {
        after = List.copyOf(after);
    }
}
