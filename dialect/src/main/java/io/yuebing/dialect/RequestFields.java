package io.yuebing.dialect;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.ServiceException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The fields of one JSON request body, read strictly.
 *
 * <p>{@code null} means absent. A value of the wrong type is refused with the field's name, what is accepted and what
 * was found; fields that nobody asked for can be listed afterwards.
 */
final class RequestFields {
    private final ObjectNode body;
    private final String prefix;
    private final Set<String> asked = new HashSet<>();

    RequestFields(ObjectNode body) {
        this(body, "");
    }

    private RequestFields(ObjectNode body, String prefix) {
        this.body = body;
        this.prefix = prefix;
    }

    static ServiceException bad(String param, String message) {
        return new ServiceException(ErrorCode.INVALID_REQUEST, message, param);
    }

    /** The value, if it is there and not null. */
    Optional<JsonNode> any(String name) {
        asked.add(name);
        JsonNode value = body.get(name);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    /** Whether the field is there with the value null, which for some fields differs from absent. */
    boolean isExplicitNull(String name) {
        asked.add(name);
        JsonNode value = body.get(name);
        return value != null && value.isNull();
    }

    Optional<String> string(String name) {
        return any(name).map(value -> {
            if (!value.isString()) {
                throw wrongType(name, "a string", value);
            }
            return value.stringValue();
        });
    }

    boolean flag(String name, boolean absent) {
        return any(name)
                .map(value -> {
                    if (!value.isBoolean()) {
                        throw wrongType(name, "true or false", value);
                    }
                    return value.booleanValue();
                })
                .orElse(absent);
    }

    Optional<Double> number(String name) {
        return any(name).map(value -> number(name, value));
    }

    double number(String name, JsonNode value) {
        if (!value.isNumber()) {
            throw wrongType(name, "a number", value);
        }
        double number = value.decimalValue().doubleValue();
        if (!Double.isFinite(number)) {
            throw wrongType(name, "a finite number", value);
        }
        return number;
    }

    OptionalInt integer(String name, int least, int most) {
        Optional<JsonNode> value = any(name);
        return value.isEmpty() ? OptionalInt.empty() : OptionalInt.of(integer(name, value.get(), least, most));
    }

    int integer(String name, JsonNode value, int least, int most) {
        BigDecimal exact = whole(name, value);
        if (exact.compareTo(BigDecimal.valueOf(least)) < 0 || exact.compareTo(BigDecimal.valueOf(most)) > 0) {
            String range = most == Integer.MAX_VALUE ? "at least " + least : "in [" + least + ", " + most + "]";
            throw bad(prefix + name, prefix + name + " must be " + range + ", got " + shown(value));
        }
        return exact.intValueExact();
    }

    OptionalLong longInteger(String name) {
        Optional<JsonNode> value = any(name);
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(whole(name, value.get()).longValueExact());
        } catch (ArithmeticException e) {
            throw wrongType(name, "a 64-bit integer", value.get());
        }
    }

    /** Token ids below {@code vocabSize}. */
    List<Integer> tokenIds(String name, int vocabSize) {
        Optional<JsonNode> value = any(name);
        if (value.isEmpty()) {
            return List.of();
        }
        return tokenIds(name, value.get(), vocabSize);
    }

    /** Lists of token ids below {@code vocabSize}. */
    List<List<Integer>> tokenIdLists(String name, int vocabSize) {
        List<List<Integer>> lists = new ArrayList<>();
        any(name)
                .map(value -> array(name, value))
                .ifPresent(array -> array.forEach(list -> lists.add(tokenIds(name, list, vocabSize))));
        return lists;
    }

    private List<Integer> tokenIds(String name, JsonNode value, int vocabSize) {
        List<Integer> ids = new ArrayList<>();
        for (JsonNode id : array(name, value)) {
            ids.add(tokenId(name, id, vocabSize));
        }
        return ids;
    }

    int tokenId(String name, JsonNode value, int vocabSize) {
        BigDecimal id = whole(name, value);
        if (id.signum() < 0 || id.compareTo(BigDecimal.valueOf(vocabSize)) >= 0) {
            throw bad(
                    prefix + name,
                    prefix + name + " holds token id " + shown(value) + ", but the model's vocabulary is [0, "
                            + (vocabSize - 1) + "]");
        }
        return id.intValueExact();
    }

    Optional<RequestFields> object(String name) {
        return any(name).map(value -> new RequestFields(objectNode(name, value), prefix + name + "."));
    }

    ObjectNode objectNode(String name, JsonNode value) {
        if (!(value instanceof ObjectNode node)) {
            throw wrongType(name, "an object", value);
        }
        return node;
    }

    JsonNode array(String name, JsonNode value) {
        if (!value.isArray()) {
            throw wrongType(name, "an array", value);
        }
        return value;
    }

    <T> T require(String name, Optional<T> value) {
        return value.orElseThrow(() -> missing(name));
    }

    ServiceException missing(String name) {
        return bad(prefix + name, prefix + name + " is missing");
    }

    /** Refuses a field that would change the answer but is not supported; null, false and empty values pass. */
    void refuse(String name, String why) {
        Optional<JsonNode> value = any(name);
        if (value.isPresent()) {
            JsonNode found = value.get();
            boolean asksNothing =
                    (found.isBoolean() && !found.booleanValue()) || (found.isContainer() && found.isEmpty());
            if (!asksNothing) {
                throw bad(prefix + name, prefix + name + " is not supported yet: " + why);
            }
        }
    }

    /** Marks fields that are known and have no effect here. */
    void accept(String... names) {
        asked.addAll(List.of(names));
    }

    /** Names of fields in the body that nobody asked for. */
    List<String> unknown() {
        return body.propertyNames().stream()
                .filter(name -> !asked.contains(name))
                .toList();
    }

    ServiceException wrongType(String name, String accepted, JsonNode found) {
        return bad(prefix + name, prefix + name + " must be " + accepted + ", got " + shown(found));
    }

    private BigDecimal whole(String name, JsonNode value) {
        if (!value.isNumber() || !value.canConvertToExactIntegral()) {
            throw wrongType(name, "an integer", value);
        }
        return value.decimalValue();
    }

    private static String shown(JsonNode found) {
        return switch (found.getNodeType()) {
            case NUMBER, BOOLEAN, NULL -> found.toString();
            case STRING -> {
                String text = found.stringValue();
                yield "the string \"" + (text.length() > 40 ? text.substring(0, 40) + "..." : text) + "\"";
            }
            case ARRAY -> "an array of " + found.size();
            case OBJECT, POJO -> "an object";
            case BINARY, MISSING -> "nothing";
        };
    }
}
