package io.yuebing.bench.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkloadTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void arrivalsOfAnOpenLoopHaveTheAskedForRateAndTheSeedDecidesThem() {
        Load load = new Load.OpenLoop(4);
        List<PlannedRequest> planned = Workload.equal(4000, 10, 5, load, 3);
        double seconds = planned.getLast().atNanos() / 1e9;
        assertThat(4000 / seconds).isCloseTo(4, within(0.25));
        assertThat(planned).isSortedAccordingTo(java.util.Comparator.comparingLong(PlannedRequest::atNanos));
        assertThat(Workload.equal(4000, 10, 5, load, 3)).isEqualTo(planned);
        assertThat(Workload.equal(4000, 10, 5, load, 4)).isNotEqualTo(planned);
    }

    @Test
    void aTraceIsReplayedLineByLine() throws IOException {
        Path file = Files.writeString(folder.resolve("t.jsonl"), """
                {"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [0, 1]}
                {"timestamp": 27, "input_length": 512, "output_length": 9, "hash_ids": [0]}
                {"timestamp": 30, "input_length": 1, "output_length": 9, "hash_ids": [4]}
                """);
        assertThat(Workload.trace(file, 2))
                .containsExactly(
                        new PlannedRequest(0, 600, 5, List.of(0L, 1L)),
                        new PlannedRequest(27_000_000, 512, 9, List.of(0L)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"timestamp": 0, "output_length": 5, "hash_ids": [0]} | t.jsonl:1: input_length is missing
            {"timestamp": -1, "input_length": 1, "output_length": 5, "hash_ids": [0]} | timestamp is -1
            {"timestamp": 0, "input_length": 1, "output_length": 5, "hash_ids": []} | hash_ids has 0 ids, expected 1
            {"timestamp": | t.jsonl:1: not JSON
            """)
    void brokenLinesAreNamed(String line, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("t.jsonl"), line);
        assertThatThrownBy(() -> Workload.trace(file, 10))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(message);
    }
}
