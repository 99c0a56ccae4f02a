package io.yuebing.cli.doctor;

/** How much a finding matters. */
public enum Level {
    /** As it should be. */
    OK("OK"),
    /** It works, slower or nearer to a failure than it could. */
    WARNING("warning"),
    /** Something does not work, or will not when it is needed. */
    PROBLEM("problem");

    private final String label;

    Level(String label) {
        this.label = label;
    }

    /** For people and in JSON, there in lower case. */
    public String label() {
        return label;
    }
}
