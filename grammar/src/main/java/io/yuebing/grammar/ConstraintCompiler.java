package io.yuebing.grammar;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.ServiceException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Compiles constraints for one model's vocabulary, keeping those used last. Thread-safe. */
public final class ConstraintCompiler {
    private static final int MAX_KEPT = 32;
    private static final int MAX_SOURCE = 256 * 1024;
    private static final int MAX_CHOICES = 10_000;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final Function<Set<String>, Vocabulary> source;
    /** One without special tokens and the last one with some. */
    private final Map<Set<String>, Vocabulary> vocabularies = new LinkedHashMap<>();

    private final Map<OutputConstraint, CompletableFuture<TokenMasks>> compiled = new LinkedHashMap<>(16, 0.75f, true);

    /** @param vocabulary gives the tokens' texts; asked when a constraint comes with the special tokens that count as text */
    public ConstraintCompiler(Function<Set<String>, Vocabulary> vocabulary) {
        source = vocabulary;
    }

    /**
     * Checks a constraint without a vocabulary.
     *
     * @throws GrammarException saying what is wrong with it
     */
    public static void check(OutputConstraint constraint) {
        automaton(constraint);
    }

    /**
     * The state before the first token of an answer.
     *
     * @param endTokens the ids that end an answer
     * @throws ServiceException {@link ErrorCode#INVALID_REQUEST} if the constraint cannot be compiled
     */
    public OutputState begin(OutputConstraint constraint, List<Integer> endTokens) {
        return new OutputState(masks(constraint), endTokens);
    }

    /** Whoever asks for a constraint first compiles it, the others wait for him; different ones do not wait for each other. */
    private TokenMasks masks(OutputConstraint constraint) {
        CompletableFuture<TokenMasks> mine = new CompletableFuture<>();
        CompletableFuture<TokenMasks> first = keep(constraint, mine);
        if (first == mine) {
            try {
                mine.complete(new TokenMasks(automaton(constraint), vocabulary(tokens(constraint))));
            } catch (Throwable e) {
                forget(constraint, mine);
                mine.completeExceptionally(e);
            }
        }
        try {
            return first.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof GrammarException refusal) {
                throw new ServiceException(
                        ErrorCode.INVALID_REQUEST, String.valueOf(refusal.getMessage()), "structured_outputs", refusal);
            }
            throw e;
        }
    }

    /** The one who compiles the constraint, {@code mine} if nobody did before. */
    private CompletableFuture<TokenMasks> keep(OutputConstraint constraint, CompletableFuture<TokenMasks> mine) {
        synchronized (compiled) {
            CompletableFuture<TokenMasks> known = compiled.get(constraint);
            if (known != null) {
                return known;
            }
            compiled.put(constraint, mine);
            if (compiled.size() > MAX_KEPT) {
                compiled.remove(compiled.keySet().iterator().next());
            }
            return mine;
        }
    }

    private void forget(OutputConstraint constraint, CompletableFuture<TokenMasks> failed) {
        synchronized (compiled) {
            compiled.remove(constraint, failed);
        }
    }

    private synchronized Vocabulary vocabulary(Set<String> tokens) {
        if (!tokens.isEmpty()) {
            vocabularies.keySet().removeIf(others -> !others.isEmpty() && !others.equals(tokens));
        }
        return vocabularies.computeIfAbsent(tokens, source);
    }

    private static Set<String> tokens(OutputConstraint constraint) {
        Set<String> tokens = new LinkedHashSet<>();
        if (constraint.kind() == OutputConstraint.Kind.CALLS) {
            json(constraint.source()).path("tokens").forEach(token -> tokens.add(token.stringValue()));
        }
        return tokens;
    }

    static Automaton automaton(OutputConstraint constraint) {
        if (constraint.source().length() > MAX_SOURCE) {
            throw new GrammarException("The constraint has "
                    + constraint.source().length() + " characters; at most " + MAX_SOURCE + " are read");
        }
        return AutomatonBuilder.build(
                switch (constraint.kind()) {
                    case JSON -> JsonSchemaCompiler.compile(json(constraint.source()));
                    case REGEX -> List.of(RegexParser.whole(constraint.source()));
                    case CHOICE -> List.of(choice(json(constraint.source())));
                    case GRAMMAR -> EbnfParser.parse(constraint.source());
                    case CALLS -> CallGrammar.compile(json(constraint.source()));
                });
    }

    private static JsonNode json(String source) {
        try {
            return JSON.readTree(source);
        } catch (JacksonException e) {
            throw new GrammarException("The schema or choice is not valid JSON: " + e.getOriginalMessage());
        }
    }

    private static Expr choice(JsonNode choices) {
        List<Expr> options = new ArrayList<>();
        for (JsonNode choice : choices) {
            if (!choice.isString() || choice.stringValue().isEmpty()) {
                throw new GrammarException("Each choice must be a string of at least one character, got " + choice);
            }
            options.add(Expr.text(choice.stringValue()));
        }
        if (!choices.isArray() || options.isEmpty() || options.size() > MAX_CHOICES) {
            throw new GrammarException("choice must be an array of 1 to " + MAX_CHOICES + " strings");
        }
        return new Expr.Alt(options);
    }
}
