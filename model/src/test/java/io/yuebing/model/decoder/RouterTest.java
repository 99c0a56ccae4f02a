package io.yuebing.model.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RouterTest {
    private static int[] choose(Router router, float... scores) {
        int[] chosen = new int[router.routing().chosen()];
        router.choose(scores, 0, chosen, 0);
        return chosen;
    }

    @Test
    void tiesGoToTheLowerNumber() {
        Router router = new Router(5, Routing.softmax(2, true), new float[0]);
        float[] scores = {1, 3, 2, 3, 3};
        assertThat(choose(router, scores)).containsExactly(1, 3);
        assertThat(scores).containsExactly(0, 0.5f, 0, 0.5f, 0);
    }

    @Test
    void expertsComeInTheOrderOfTheirNumbers() {
        Router router = new Router(4, Routing.softmax(3, false), new float[0]);
        assertThat(choose(router, 1, 9, 5, 7)).containsExactly(1, 2, 3);
    }

    @Test
    void aCorrectionChoosesButDoesNotWeigh() {
        Routing routing = Routing.sigmoid(1, 1, 1, true, 2);
        Router router = new Router(3, routing, new float[] {0, 0, 10});
        float[] scores = {2, 1, -2};
        assertThat(choose(router, scores)).containsExactly(2);
        assertThat(scores).containsExactly(0, 0, 2);
    }

    @Test
    void onlyTheBestGroupsAreEligible() {
        Routing routing = Routing.sigmoid(2, 2, 1, true, 1);
        Router router = new Router(6, routing, new float[0]);
        assertThat(choose(router, 9, -9, -9, 2, 2, 1))
                .as("two good experts beat one very good")
                .containsExactly(3, 4);
    }

    @Test
    void damageOfOneTokenStillGivesThatManyExperts() {
        Router router = new Router(4, Routing.softmax(2, true), new float[0]);
        assertThat(choose(router, Float.NaN, Float.NaN, Float.NaN, Float.NaN)).containsExactly(0, 1);
    }
}
