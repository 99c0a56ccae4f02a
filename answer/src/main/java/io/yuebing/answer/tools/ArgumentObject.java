package io.yuebing.answer.tools;

/** Writes the JSON object of a call whose arguments come one by one. */
final class ArgumentObject {
    private final ToolCallSink sink;
    private final ToolSchemas schemas;
    private String tool = "";
    private int count;

    ArgumentObject(ToolCallSink sink, ToolSchemas schemas) {
        this.sink = sink;
        this.schemas = schemas;
    }

    void begin(String name) {
        tool = name;
        count = 0;
        sink.call(name, "");
    }

    /** An argument whose type only the tool's schema tells. */
    void put(String key, String value) {
        putJson(key, schemas.json(tool, key, value));
    }

    void putJson(String key, String json) {
        sink.arguments(lead(key) + json);
    }

    /** An argument without a name, told by its place. */
    void putNext(String json) {
        var names = schemas.parameterNames(tool);
        putJson(count < names.size() ? names.get(count) : "arg" + count, json);
    }

    /** The answer breaks off in this argument: as much as was written, left open. */
    void putBroken(String key, String value) {
        String quoted = JsonText.quote(value);
        sink.arguments(lead(key) + quoted.substring(0, quoted.length() - 1));
    }

    void end() {
        sink.arguments(count == 0 ? "{}" : "}");
    }

    private String lead(String key) {
        return (count++ == 0 ? "{" : ", ") + JsonText.quote(key) + ": ";
    }
}
