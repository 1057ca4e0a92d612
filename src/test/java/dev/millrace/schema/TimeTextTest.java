package dev.millrace.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TimeTextTest {
    /** The quick way may leave a text to the other one, but never tells another time. */
    @Test
    void readsIsoTheSameBothWays() {
        List<String> forms = List.of(
                "2025-11-26T09:40:00.123456+02:00",
                "2024-02-29 23:59:59Z",
                "2025-12-31T00:00",
                "1969-01-01T09:40:00.1-11:30",
                "0000-02-29T12:00:60+18:00",
                "2025-11-26T09:40:00.123456789Z");
        Random random = new Random(3);
        int quick = 0;
        for (int i = 0; i < 200_000; i++) {
            StringBuilder text = new StringBuilder(forms.get(random.nextInt(forms.size())));
            for (int changes = random.nextInt(4); changes > 0; changes--) {
                text.setCharAt(random.nextInt(text.length()), "0123456789-:.+TZ ".charAt(random.nextInt(17)));
            }
            if (random.nextInt(8) == 0) {
                text.setLength(random.nextInt(text.length()));
            }
            byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
            long micros = TimeText.isoMicros(bytes, 0, bytes.length);
            if (micros != TimeText.UNKNOWN) {
                quick++;
                assertThat(micros).as(text.toString()).isEqualTo(slowly(text.toString()));
            }
        }
        assertThat(quick).isGreaterThan(30_000);
    }

    /** The formatter takes six digits at most: zeros beyond are cut off for it. */
    private static long slowly(String text) {
        try {
            return TimeText.ISO.micros(text.replaceFirst("(\\.\\d{6})0+", "$1"));
        } catch (DateTimeException e) {
            throw new AssertionError(text, e);
        }
    }

    @Test
    void leavesNothingUsualToTheSlowWay() {
        for (String text : List.of(
                "2025-11-26T09:40:00Z",
                "2025-11-26T09:40:00.123Z",
                "2025-11-26 09:40:00",
                "2025-11-26T09:40:00+01:00",
                "2025-11-26T09:40:00.123456000Z",
                "2024-02-29T09:40")) {
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            assertThat(TimeText.isoMicros(bytes, 0, bytes.length)).as(text).isEqualTo(slowly(text));
        }
    }
}
