package io.yuebing.cli.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ParentWatchTest {
    @Test
    void aChildEndsWhenTheOtherEndOfItsInputCloses() throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        "target/classes" + File.pathSeparator + "target/test-classes",
                        WatchedChild.class.getName())
                .start();
        assertThat(child.inputReader().readLine()).isEqualTo("watching");
        assertThat(child.isAlive()).isTrue();
        child.getOutputStream().close();
        assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(child.exitValue()).isEqualTo(1);
    }
}
