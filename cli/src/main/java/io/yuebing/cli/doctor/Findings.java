package io.yuebing.cli.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where a check notes what it finds. */
final class Findings {
    private final String topic;
    private final List<Finding> noted;

    Findings(String topic) {
        this(topic, new ArrayList<>());
    }

    private Findings(String topic, List<Finding> noted) {
        this.topic = topic;
        this.noted = noted;
    }

    /** For a part of what a check looks at: the same list under another topic. */
    Findings about(String part) {
        return new Findings(part, noted);
    }

    void ok(String text) {
        noted.add(new Finding(Level.OK, topic, text, Optional.empty()));
    }

    void warning(String text, String advice) {
        noted.add(new Finding(Level.WARNING, topic, text, Optional.of(advice)));
    }

    void problem(String text, String advice) {
        noted.add(new Finding(Level.PROBLEM, topic, text, Optional.of(advice)));
    }

    List<Finding> noted() {
        return List.copyOf(noted);
    }
}
