package io.yuebing.api;

import java.util.Locale;

/** What a node does for a request. */
public enum NodeRole {
    /** Computes prompts and pushes their KV caches to decode nodes. */
    PREFILL,
    /** Receives KV caches and generates from them. */
    DECODE,
    /** Either, and whole requests alone. */
    BOTH;

    /** The spelling in flags, JSON and logs: {@code prefill}, {@code decode}, {@code both}. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    public boolean prefills() {
        return this != DECODE;
    }

    public boolean decodes() {
        return this != PREFILL;
    }

    /** Reads {@link #wireName()}. */
    public static NodeRole parse(String name) {
        for (NodeRole role : values()) {
            if (role.wireName().equals(name)) {
                return role;
            }
        }
        throw new UserError("unknown role '" + name + "': expected prefill, decode or both");
    }
}
