package io.yuebing.text.jinja;

import io.yuebing.api.Shown;

/**
 * A piece of a template's source.
 *
 * @param text the source of it; for {@code DATA} after white space control, for {@code STRING} without quotes and
 *     escapes
 * @param line counted from 1
 */
record Token(Type type, String text, int line) {
    enum Type {
        DATA,
        VARIABLE_BEGIN,
        VARIABLE_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        EOF
    }

    boolean isName(String name) {
        return type == Type.NAME && text.equals(name);
    }

    boolean isOperator(String operator) {
        return type == Type.OPERATOR && text.equals(operator);
    }

    @Override
    public String toString() {
        return switch (type) {
            case DATA -> "template text";
            case VARIABLE_BEGIN -> "'{{'";
            case VARIABLE_END -> "'}}'";
            case BLOCK_BEGIN -> "'{%'";
            case BLOCK_END -> "'%}'";
            case EOF -> "the end of the template";
            case NAME, STRING, INTEGER, FLOAT, OPERATOR -> "'" + Shown.of(text) + "'";
        };
    }
}
