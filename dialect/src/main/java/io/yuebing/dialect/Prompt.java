package io.yuebing.dialect;

/**
 * One prompt of a request.
 *
 * @param tokens its ids, at least one
 * @param text what the client wrote, or the ids decoded; for echo
 */
@SuppressWarnings("ArrayRecordComponent") // prompts are never compared
record Prompt(int[] tokens, String text) {}
