package io.yuebing.dialect;

import tools.jackson.databind.JsonNode;

/** Refuses text that no UTF-8 answer could repeat: JSON can spell half of a surrogate pair. */
final class WellFormedText {
    private WellFormedText() {}

    /**
     * Checks every string inside a request body.
     *
     * @throws io.yuebing.api.ServiceException 400 naming the field
     */
    static void require(JsonNode body) {
        check(body, "");
    }

    private static void check(JsonNode node, String path) {
        if (node.isString()) {
            checkText(node.stringValue(), path);
        } else if (node.isObject()) {
            node.properties().forEach(entry -> {
                if (canHoldText(entry.getValue())) {
                    check(entry.getValue(), path.isEmpty() ? entry.getKey() : path + "." + entry.getKey());
                }
            });
        } else {
            for (int i = 0; i < node.size(); i++) {
                if (canHoldText(node.get(i))) {
                    check(node.get(i), path + "[" + i + "]");
                }
            }
        }
    }

    private static boolean canHoldText(JsonNode node) {
        return node.isString() || node.isContainer();
    }

    private static void checkText(String text, String path) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean pair = Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1));
            if (pair) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw RequestFields.bad(path, path + " is not valid Unicode: half a surrogate pair at position " + i);
            }
        }
    }
}
