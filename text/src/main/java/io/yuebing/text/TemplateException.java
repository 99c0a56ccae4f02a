package io.yuebing.text;

/**
 * A chat template that refused its messages or failed on them.
 *
 * <p>When the template itself refused, with {@code raise_exception}, the message is what it said, for the caller to
 * read.
 */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TemplateException(String message, Throwable cause) {
        super(message, cause);
    }
}
