package io.yuebing.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExaminationTest {
    @TempDir
    private Path root;

    @Test
    void aCheckThatFailsOrHangsCostsNobodyElseAnything() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        List<Finding> told = new ArrayList<>();
        new Examination(new FakeMachine(root).machine(), Duration.ofMillis(300))
                .run(
                        List.of(
                                new Check("hangs", (_, _) -> never.await()),
                                new Check("fails", (_, _) -> {
                                    throw new IOException("the driver is gone");
                                }),
                                new Check("works", (_, findings) -> findings.ok("fine"))),
                        told::add);
        assertThat(told)
                .extracting(finding -> finding.level() + " " + finding.topic() + " " + finding.text())
                .containsExactly(
                        "WARNING hangs was not known after 300 ms",
                        "WARNING fails could not be looked at: java.io.IOException: the driver is gone",
                        "OK works fine");
    }

    @Test
    void nothingIsFoundOnAMachineThatTellsNothing() throws Exception {
        List<Finding> told = new ArrayList<>();
        new Examination(new FakeMachine(root).machine(), Duration.ofSeconds(30)).run(Doctor.CHECKS, told::add);
        assertThat(told)
                .filteredOn(finding -> finding.level() != Level.OK)
                .extracting(Finding::text)
                .containsExactly("/dev/shm is not there: KV blocks between processes of this host go through the"
                        + " temporary folder");
    }

    @Test
    void namesWithoutAGapAreToldByTheirEnds() {
        assertThat(NetworkChecks.names(List.of("eth0"))).isEqualTo("eth0");
        assertThat(NetworkChecks.names(List.of("eth0", "eth1"))).isEqualTo("eth0, eth1");
        assertThat(NetworkChecks.names(List.of("mlx5_8", "mlx5_9", "mlx5_10", "mlx5_12", "ib")))
                .isEqualTo("mlx5_8 to mlx5_10, mlx5_12, ib");
    }
}
