package io.yuebing.answer;

/**
 * A call of a tool.
 *
 * @param id by which the tool's result names it
 * @param name the tool
 * @param arguments a JSON object as text; it breaks off where the answer does
 */
public record ToolCall(String id, String name, String arguments) {}
