package io.yuebing.api;

/** Whether a node takes new work. */
public enum NodeState {
    /** It takes requests. */
    SERVING,
    /** It finishes what runs, takes nothing new, and ends then. */
    DRAINING
}
