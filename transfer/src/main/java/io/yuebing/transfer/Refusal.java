package io.yuebing.transfer;

/**
 * The answer to a write that must not happen.
 *
 * @param code for the writer's program
 * @param sentence for people: which ticket, expected and found
 */
public record Refusal(RefusalCode code, String sentence) {}
