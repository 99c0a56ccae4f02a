package io.yuebing.text.jinja;

/** A template that cannot be read or a rendering that failed. */
public final class JinjaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean raisedByTemplate;

    private JinjaException(String message, boolean raisedByTemplate) {
        super(message);
        this.raisedByTemplate = raisedByTemplate;
    }

    JinjaException(String message) {
        this(message, false);
    }

    /** What the template said with {@code raise_exception(message)}. */
    static JinjaException raised(String message) {
        return new JinjaException(message, true);
    }

    JinjaException atLine(int line) {
        if (raisedByTemplate) {
            return this;
        }
        JinjaException located = new JinjaException("line " + line + ": " + getMessage(), false);
        located.initCause(this);
        return located;
    }

    /** Whether the template itself refused its input, with a message meant for the caller. */
    public boolean raisedByTemplate() {
        return raisedByTemplate;
    }
}
