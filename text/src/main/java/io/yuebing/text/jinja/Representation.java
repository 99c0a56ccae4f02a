package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Bool;
import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Float;
import io.yuebing.text.jinja.Value.Instance;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Range;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Stream;
import io.yuebing.text.jinja.Value.Undefined;
import io.yuebing.text.jinja.Value.View;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** How Python prints values: {@code str} for output, {@code repr} within lists. */
final class Representation {
    private final StringBuilder out = new StringBuilder();

    private Representation() {}

    static String str(Value value) {
        return switch (value) {
            case Str s -> s.text();
            case Undefined u -> "";
            default -> repr(value);
        };
    }

    static String repr(Value value) {
        Representation representation = new Representation();
        representation.append(value);
        return representation.out.toString();
    }

    private void append(Value value) {
        Limits.checkText(out.length());
        switch (value) {
            case Undefined u -> out.append("Undefined");
            case None n -> out.append("None");
            case Bool b -> out.append(b.isTrue() ? "True" : "False");
            case Int i -> out.append(i.number());
            case Float f -> out.append(Numbers.repr(f.number()));
            case Str s -> appendString(s);
            case Seq s when s.kind() == Seq.Kind.LIST -> appendItems("[", s.items(), "]");
            case Seq s -> appendItems("(", s.items(), s.items().size() == 1 ? ",)" : ")");
            case Dict d -> appendDict(d);
            case Range r -> {
                out.append("range(").append(r.start()).append(", ").append(r.stop());
                out.append(r.step() == 1 ? ")" : ", " + r.step() + ")");
            }
            case View v -> appendItems(v.type() + "([", v.items(), "])");
            case Stream s -> out.append("<").append(s.type()).append(" object>");
            case Namespace n -> {
                out.append("<Namespace ");
                append(new Dict(n.attributes()));
                out.append('>');
            }
            case Loop l -> out.append(l.describe());
            case Instance i -> out.append("<").append(i.type()).append(">");
        }
    }

    private void appendItems(String open, List<Value> items, String close) {
        out.append(open);
        for (int i = 0; i < items.size(); i++) {
            out.append(i == 0 ? "" : ", ");
            append(items.get(i));
        }
        out.append(close);
    }

    private void appendDict(Dict dict) {
        out.append('{');
        for (Iterator<Map.Entry<Value, Value>> entries =
                        dict.entries().entrySet().iterator();
                entries.hasNext(); ) {
            Map.Entry<Value, Value> entry = entries.next();
            append(entry.getKey());
            out.append(": ");
            append(entry.getValue());
            out.append(entries.hasNext() ? ", " : "");
        }
        out.append('}');
    }

    private void appendString(Str string) {
        String text = string.text();
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(string.markup() ? "Markup(" : "").append(quote);
        text.codePoints().forEach(c -> appendCharacter(c, quote));
        out.append(quote).append(string.markup() ? ")" : "");
    }

    private void appendCharacter(int c, char quote) {
        switch (c) {
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case '\\' -> out.append("\\\\");
            default -> {
                if (c == quote) {
                    out.append('\\').append(quote);
                } else if (PythonText.isPrintable(c)) {
                    out.appendCodePoint(c);
                } else {
                    out.append((c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(c));
                }
            }
        }
    }
}
