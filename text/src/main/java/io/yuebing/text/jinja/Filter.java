package io.yuebing.text.jinja;

/** What {@code value | name(arguments)} does. */
interface Filter {
    Value apply(Value value, Arguments arguments);
}
