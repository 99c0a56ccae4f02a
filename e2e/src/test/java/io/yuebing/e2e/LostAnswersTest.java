package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A reservation whose answer never reached the gateway does not lie there until its deadline. */
class LostAnswersTest {
    private static final LocalCluster.Settings SETTINGS =
            new LocalCluster.Settings(LocalCluster.DEMO, ComputeMode.INT8, ElementType.BF16, 512, 512, true);

    @Test
    void aCancelledAttemptHoldsNothingWhetherItWasGrantedBeforeOrAfter() throws Exception {
        try (LocalCluster cluster = LocalCluster.disaggregated(SETTINGS)) {
            Client decode = new Client(cluster.nodes().get(1));
            assertThat(reserve(decode, "a").status()).isEqualTo(200);
            assertThat(decode.metric("yuebing:kv_reservations_open")).isEqualTo(1);
            assertThat(cancel(decode, "a").path("released").booleanValue()).isTrue();
            assertThat(decode.metric("yuebing:kv_reservations_open")).isZero();

            assertThat(cancel(decode, "b").path("released").booleanValue()).isFalse();
            assertThat(reserve(decode, "b").status()).as("cancelled before").isEqualTo(503);
            assertThat(decode.metric("yuebing:kv_reservations_open")).isZero();
            Eventually.holds(
                    "no block is held", Duration.ofSeconds(10), () -> decode.metric("yuebing:kv_blocks_held") == 0);
        }
    }

    private static Client.Answer reserve(Client node, String attempt) throws Exception {
        return node.tryPost(
                "/yuebing/v1/reserve",
                "{\"requestId\":\"" + attempt + "\",\"tokens\":[" + "5,".repeat(39) + "5],\"cacheSalt\":null}");
    }

    private static JsonNode cancel(Client node, String attempt) throws Exception {
        return node.tryPost("/yuebing/v1/cancel-reserve", "{\"requestId\":\"" + attempt + "\"}")
                .body();
    }
}
