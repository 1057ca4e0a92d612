package dev.millrace.function;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NormalizedUrlTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "/Repo/V1/Entity/SYN1     | /repo/v1/entity/syn1",
                "/a%2Fb                   | /a/b",
                "/%53yn5                  | /syn5",
                "/%C3%A9t%c3%a9/%C3%89    | /été/é",
                "/%F0%9F%98%80            | /\uD83D\uDE00",
                "/a+b                     | /a+b",
                "/a%20b%09c%0Ad           | /abcd",
                "/a%C2%A0b%E3%80%80c%C2%85| /abc",
                "/a%zzb                   | /azzb",
                "/100%                    | /100",
                "/a%4                     | /a4",
                "/%%41                    | /a",
                "/%4%31                   | /41",
                "/%2541                   | /%41",
                "/%-1%+2                  | /-1+2",
                "/%\u0661\u0661           | /\u0661\u0661",
                "/%C3%zz%A9               | /\uFFFDzz\uFFFD",
                "/%FFx                    | /\uFFFDx",
                "/%ED%A0%80               | /\uFFFD",
                "/%C3é                    | /\uFFFDé",
                "~~                       | ~~",
                "%                        | ~~",
            })
    void hasOneSpellingOfAnAddress(String url, String normalized) {
        assertThat(new NormalizedUrl().call(url)).isEqualTo(normalized);
    }

    @Test
    void isNullForNull() {
        assertThat(new NormalizedUrl().call(null)).isNull();
    }

    @Test
    void takesAnyText() {
        Random random = new Random(5);
        for (int i = 0; i < 20_000; i++) {
            String url = random.ints(random.nextInt(12), 0, 0x3000)
                    .map(c -> c < 0x1000 ? "%%%0aFcé/v1syn+ ;\u2028\uD83D\uDE00".charAt(c % 20) : c)
                    .collect(StringBuilder::new, (text, c) -> text.append((char) c), StringBuilder::append)
                    .toString();

            String normalized = NormalizedUrl.of(url);

            assertThat(normalized)
                    .isEqualTo(normalized.toLowerCase(java.util.Locale.ROOT))
                    .doesNotContainAnyWhitespaces();
            assertThat(NormalizedUrl.of(normalized.replace("%", ""))).isEqualTo(normalized.replace("%", ""));
        }
    }
}
