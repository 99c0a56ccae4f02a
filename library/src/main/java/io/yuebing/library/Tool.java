package io.yuebing.library;

/**
 * A function that a model may call; your program runs it.
 *
 * @param name letters, digits, {@code _}, {@code -} and {@code .}
 * @param description what it is for, in words for the model
 * @param parameters the JSON schema of its arguments, an object; empty = it takes none
 * @param strict whether every call's arguments are held to the schema; otherwise only those of a call that is forced are
 */
public record Tool(String name, String description, String parameters, boolean strict) {
    /** A tool whose arguments are held to its schema. */
    public static Tool strict(String name, String description, String parameters) {
        return new Tool(name, description, parameters, true);
    }
}
