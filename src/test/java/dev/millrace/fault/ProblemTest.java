package dev.millrace.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class ProblemTest {
    @Test
    void whatLiesAtTheBottomIsToldInOneLine() {
        assertThat(Problem.atRootOf(new IOException("outside", new IOException("refused\nat port 80"))))
                .isEqualTo("refused");
        assertThat(Problem.atRootOf(new IOException(new UnknownHostException("no.such.host"))))
                .isEqualTo("unknown host no.such.host");
        assertThat(Problem.atRootOf(new IOException())).isEqualTo("no reason given");
    }
}
