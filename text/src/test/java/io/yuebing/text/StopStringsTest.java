package io.yuebing.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopStringsTest {
    private record Outcome(String shown, String matched) {}

    @Test
    void textBeforeTheStopStringIsShownAndTheRestIsNot() {
        assertThat(run(List.of("END"), false, "one END two")).isEqualTo(new Outcome("one ", "END"));
        assertThat(run(List.of("END"), true, "one END two")).isEqualTo(new Outcome("one END", "END"));
        assertThat(run(List.of("END"), false, "one EN")).isEqualTo(new Outcome("one EN", "none"));
    }

    @Test
    void theStopStringThatIsCompleteFirstWinsAndOfTwoTheLonger() {
        assertThat(run(List.of("abcd", "bc"), false, "xabcd")).isEqualTo(new Outcome("xa", "bc"));
        assertThat(run(List.of("c", "bc"), false, "xabcd")).isEqualTo(new Outcome("xa", "bc"));
    }

    @Test
    void onlyWhatCanStillBecomeAStopStringIsHeldBack() {
        StopStrings stops = new StopStrings(List.of("\n\nUser"), false);
        assertThat(stops.append("Hello", true)).isEqualTo("Hello");
        assertThat(stops.append(" you\n", true)).isEqualTo(" you");
        assertThat(stops.append("\n", true)).isEmpty();
        assertThat(stops.append("\n", true)).isEqualTo("\n");
        assertThat(stops.append("Us", true)).isEmpty();
        assertThat(stops.finish()).isEqualTo("\n\nUs");
    }

    @Test
    void aMatchMustNotEndBeforeItIsArmedButMayBeginThere() {
        StopStrings stops = new StopStrings(List.of("ab"), false);
        assertThat(stops.append("xab", false)).isEqualTo("xab");
        assertThat(stops.append("a", false)).isEmpty();
        assertThat(stops.append("b", true)).isEmpty();
        assertThat(stops.matched()).contains("ab");
    }

    @Test
    void theOutcomeDoesNotDependOnHowTheTextIsCut() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            List<String> stops = random.ints(1 + random.nextInt(3), 1, 5)
                    .mapToObj(n -> text(random, n))
                    .toList();
            boolean keep = random.nextBoolean();
            String text = text(random, random.nextInt(30));
            Outcome expected = reference(stops, keep, text);
            StopStrings cut = new StopStrings(stops, keep);
            StringBuilder shown = new StringBuilder();
            int at = 0;
            while (at < text.length() && cut.matched().isEmpty()) {
                int end = Math.min(text.length(), at + 1 + random.nextInt(6));
                shown.append(cut.append(text.substring(at, end), true));
                assertThat(expected.shown())
                        .as("seed %d round %d: never more than the end result", seed, round)
                        .startsWith(shown.toString());
                at = end;
            }
            shown.append(cut.finish());
            assertThat(new Outcome(shown.toString(), cut.matched().orElse("none")))
                    .as("seed %d round %d: %s in \"%s\"", seed, round, stops, text)
                    .isEqualTo(expected);
        }
    }

    private static Outcome run(List<String> stops, boolean keep, String text) {
        StopStrings whole = new StopStrings(stops, keep);
        String shown = whole.append(text, true) + whole.finish();
        return new Outcome(shown, whole.matched().orElse("none"));
    }

    /** The definition: the first end at which some stop string ends, the longest of those. */
    private static Outcome reference(List<String> stops, boolean keep, String text) {
        for (int end = 1; end <= text.length(); end++) {
            String soFar = text.substring(0, end);
            String longest =
                    stops.stream().filter(soFar::endsWith).reduce("", (a, b) -> b.length() > a.length() ? b : a);
            if (!longest.isEmpty()) {
                return new Outcome(keep ? soFar : soFar.substring(0, end - longest.length()), longest);
            }
        }
        return new Outcome(text, "none");
    }

    private static String text(Random random, int length) {
        return random.ints(length, 0, 3)
                .mapToObj(i -> "abé".substring(i, i + 1))
                .reduce("", String::concat);
    }
}
