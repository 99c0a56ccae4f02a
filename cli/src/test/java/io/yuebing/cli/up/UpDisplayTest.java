package io.yuebing.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.cli.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class UpDisplayTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void withoutATerminalEveryEventIsOneLine() {
        try (UpDisplay display = new UpDisplay(out, new Terminal(false, false, 80), List.of("prefill", "gateway"))) {
            display.starting("prefill");
            display.ready("prefill", "http://127.0.0.1:1", Duration.ofMillis(1234));
            display.died("gateway", 137, Duration.ofMillis(500));
            display.stopped("prefill");
        }
        assertThat(text().lines())
                .containsExactly(
                        "prefill  starts",
                        "prefill  ready on http://127.0.0.1:1 after 1.2 s",
                        "gateway  ended with exit code 137, starts again in 0.5 s",
                        "prefill  stopped");
    }

    @Test
    void linesOfAChildCarryItsNameOnce() {
        try (UpDisplay display = new UpDisplay(out, new Terminal(false, false, 80), List.of("decode"))) {
            display.output("decode", "12:00:00.123 INFO  decode  model loaded");
            display.output("decode", "WARNING: Using incubator modules: jdk.incubator.vector");
            display.output("decode", "yuebing: the model is broken");
        }
        assertThat(text().lines())
                .containsExactly("12:00:00.123 INFO  decode  model loaded", "decode   yuebing: the model is broken");
    }

    @Test
    void onATerminalWhatIsPrintedStandsAboveTheMovingLines() {
        UpDisplay display = new UpDisplay(out, new Terminal(true, false, 80), List.of("decode"));
        display.print("above");
        display.ready("decode", "http://127.0.0.1:1", Duration.ofMillis(100));
        display.close();
        display.print("below");
        assertThat(text()).contains("above").contains("✓ decode   ready on http://127.0.0.1:1 after 0.1 s");
        assertThat(text().indexOf("✓")).isGreaterThan(text().indexOf("above"));
        assertThat(text()).endsWith("below" + System.lineSeparator());
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
