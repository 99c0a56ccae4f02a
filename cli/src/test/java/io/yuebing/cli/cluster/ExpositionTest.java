package io.yuebing.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExpositionTest {
    @Test
    void samplesAreReadWithTheirLabelsAndTheRestIsLeftOut() {
        Exposition metrics = Exposition.parse("""
                # HELP vllm:num_requests_running Sequences that get tokens in each step.
                # TYPE vllm:num_requests_running gauge
                vllm:num_requests_running{model_name="a \\"b\\", c"} 3.0
                yuebing:transfer_peer_bytes_total{peer="10.0.0.3:9100",direction="sent"} 1.5E9
                yuebing:transfer_peer_bytes_total{peer="10.0.0.4:9100",direction="sent"} 5 1732000000000
                yuebing:x_bucket{le="+Inf"} 7
                no sample at all
                broken{ 1
                """);
        assertThat(metrics.all("vllm_num_requests_running"))
                .singleElement()
                .satisfies(sample -> assertThat(sample.label("model_name")).isEqualTo("a \"b\", c"));
        assertThat(metrics.sum("yuebing_transfer_peer_bytes_total")).hasValue(1_500_000_005);
        assertThat(metrics.all("yuebing_x_bucket")).singleElement().satisfies(sample -> {
            assertThat(sample.label("le")).isEqualTo("+Inf");
            assertThat(sample.label("peer")).isEmpty();
        });
        assertThat(metrics.sum("broken")).isEmpty();
    }
}
