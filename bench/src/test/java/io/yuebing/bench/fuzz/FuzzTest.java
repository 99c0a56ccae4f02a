package io.yuebing.bench.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FuzzTest {
    private static final long SEED = 20_260_101;
    private static final long MUTATIONS = 80;

    @TempDir
    private Path dir;

    @ParameterizedTest
    @EnumSource
    void damagedFilesLoadOrAreRefusedInASentenceThatNamesThem(FuzzFormat format) throws InterruptedException {
        FuzzOptions options =
                new FuzzOptions(List.of(format), MUTATIONS, SEED, Duration.ofMinutes(5), dir.resolve("found"));
        FuzzReport report = Fuzz.run(options, (what, share) -> {});
        assertThat(report.findings()).as("seed %d", SEED).isEmpty();
        FuzzReport.Row row = report.rows().getFirst();
        assertThat(row.loaded() + row.refused()).isEqualTo(MUTATIONS);
        assertThat(row.refused()).as("damage is noticed").isPositive();
    }
}
