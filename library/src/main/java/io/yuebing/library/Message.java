package io.yuebing.library;

/**
 * One message of a chat.
 *
 * @param role who speaks, in the words of the model's chat template: {@code system}, {@code user}, {@code assistant}
 * @param content what is said
 */
public record Message(String role, String content) {

    /** Instructions for the whole chat. */
    public static Message system(String content) {
        return new Message("system", content);
    }

    /** What the user says. */
    public static Message user(String content) {
        return new Message("user", content);
    }

    /** What the model has said before. */
    public static Message assistant(String content) {
        return new Message("assistant", content);
    }
}
