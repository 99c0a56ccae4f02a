package io.yuebing.text.jinja;

import java.util.List;
import java.util.Locale;

/** Steps through tokens, and says what was expected where something else stands. */
final class TokenReader {
    private final List<Token> tokens;
    private int position;

    TokenReader(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(position);
    }

    Token ahead() {
        return tokens.get(Math.min(position + 1, tokens.size() - 1));
    }

    /** The current token, which is passed; the last one is never passed. */
    Token next() {
        Token token = current();
        position = Math.min(position + 1, tokens.size() - 1);
        return token;
    }

    Token expect(Token.Type type) {
        if (current().type() != type) {
            throw problem(
                    "expected " + new Token(type, type.name().toLowerCase(Locale.ROOT), 0) + ", found " + current());
        }
        return next();
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw problem("expected '" + name + "', found " + current());
        }
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw problem("expected '" + operator + "', found " + current());
        }
    }

    boolean skipName(String name) {
        boolean found = current().isName(name);
        if (found) {
            next();
        }
        return found;
    }

    boolean skipOperator(String operator) {
        boolean found = current().isOperator(operator);
        if (found) {
            next();
        }
        return found;
    }

    JinjaException problem(String message) {
        return new JinjaException(message).atLine(current().line());
    }
}
