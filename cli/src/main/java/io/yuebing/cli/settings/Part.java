package io.yuebing.cli.settings;

/** The parts of the system that heed a setting. */
public enum Part {
    /** A prefill or decode node, also inside {@code up} and {@code serve}. */
    NODE,
    /** An engine without a server around it. */
    ENGINE,
    /** Everything that computes with a model, engine or not. */
    ARITHMETIC,
    /** The choice of the model. */
    MODEL,
    /** A server that listens. */
    LISTEN,
    /** What a node is told about its place in a cluster; {@code up} decides it itself. */
    PLACE,
    /** The gateway on its own. */
    GATEWAY,
    /** What a gateway does when nodes fail, also inside {@code up}. */
    FAILOVER,
    /** The reading of answers, wherever clients send requests. */
    ANSWERS,
    /** The terminal chat. */
    CHAT,
    /** Commands that look at a running cluster. */
    OBSERVER,
    /** Downloads from a model hub. */
    HUB,
    /** Everything that runs in the background. */
    LOG
}
