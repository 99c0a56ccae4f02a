package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Bool;
import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Float;
import io.yuebing.text.jinja.Value.Instance;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Num;
import io.yuebing.text.jinja.Value.Range;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Stream;
import io.yuebing.text.jinja.Value.Undefined;
import io.yuebing.text.jinja.Value.View;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's operators on values. */
final class Operators {
    private Operators() {}

    static String typeName(Value value) {
        return switch (value) {
            case Undefined u -> "Undefined";
            case None n -> "NoneType";
            case Bool b -> "bool";
            case Int i -> "int";
            case Float f -> "float";
            case Str s -> s.markup() ? "Markup" : "str";
            case Seq s -> s.kind() == Seq.Kind.LIST ? "list" : "tuple";
            case Dict d -> "dict";
            case Range r -> "range";
            case View v -> v.type();
            case Stream s -> s.type();
            case Instance i -> i.type();
        };
    }

    static boolean isTrue(Value value) {
        return switch (value) {
            case Undefined u -> false;
            case None n -> false;
            case Float f -> f.number() != 0;
            case Num n -> Numbers.toInteger(n).signum() != 0;
            case Str s -> !s.text().isEmpty();
            case Seq s -> !s.items().isEmpty();
            case Dict d -> !d.entries().isEmpty();
            case Range r -> r.size() > 0;
            case View v -> !v.items().isEmpty();
            case Stream s -> true;
            case Instance i -> !(i instanceof Loop loop) || loop.length() > 0;
        };
    }

    static Value binary(String operator, Value a, Value b) {
        if (a instanceof Num x && b instanceof Num y) {
            return switch (operator) {
                case "+" -> Numbers.add(x, y);
                case "-" -> Numbers.subtract(x, y);
                case "*" -> Numbers.multiply(x, y);
                case "/" -> Numbers.divide(x, y);
                case "//" -> Numbers.floorDivide(x, y);
                case "%" -> Numbers.modulo(x, y);
                case "**" -> Numbers.power(x, y);
                default -> throw new IllegalArgumentException(operator);
            };
        }
        if (a instanceof Undefined u) {
            throw u.failure();
        }
        if (operator.equals("%") && a instanceof Str s) {
            return PercentFormat.format(s, b);
        }
        if (b instanceof Undefined u) {
            throw u.failure();
        }
        Value result = switch (operator) {
            case "+" -> add(a, b);
            case "*" -> a instanceof Num n ? repeat(b, n) : b instanceof Num n ? repeat(a, n) : null;
            default -> null;
        };
        if (result == null) {
            throw new JinjaException(
                    "unsupported operand types for %s: '%s' and '%s'".formatted(operator, typeName(a), typeName(b)));
        }
        return result;
    }

    private static @Nullable Value add(Value a, Value b) {
        if (a instanceof Str x && b instanceof Str y) {
            boolean markup = x.markup() || y.markup();
            String left = markup && !x.markup() ? PythonText.escapeHtml(x.text()) : x.text();
            String right = markup && !y.markup() ? PythonText.escapeHtml(y.text()) : y.text();
            Limits.checkText((long) left.length() + right.length());
            return new Str(left + right, markup);
        }
        if (a instanceof Seq x && b instanceof Seq y && (x.kind() == Seq.Kind.LIST) == (y.kind() == Seq.Kind.LIST)) {
            Limits.checkItems((long) x.items().size() + y.items().size());
            List<Value> items = new ArrayList<>(x.items());
            items.addAll(y.items());
            return new Seq(items, x.kind() == Seq.Kind.LIST ? Seq.Kind.LIST : Seq.Kind.TUPLE);
        }
        return null;
    }

    private static @Nullable Value repeat(Value value, Num times) {
        if (times instanceof Float) {
            return null;
        }
        int n = Math.max(0, Numbers.toIndex(times));
        return switch (value) {
            case Str s -> new Str(PythonText.repeat(s.text(), n), s.markup());
            case Seq s -> {
                Limits.checkItems((long) s.items().size() * n);
                List<Value> items = new ArrayList<>();
                for (int i = 0; i < n && !s.items().isEmpty(); i++) {
                    items.addAll(s.items());
                }
                yield new Seq(items, s.kind() == Seq.Kind.LIST ? Seq.Kind.LIST : Seq.Kind.TUPLE);
            }
            default -> null;
        };
    }

    static Value unary(String operator, Value value) {
        return switch (value) {
            case Num n when operator.equals("-") -> Numbers.negate(n);
            case Float f -> f;
            case Num n -> new Int(Numbers.toInteger(n));
            case Undefined u -> throw u.failure();
            default ->
                throw new JinjaException("bad operand type for unary " + operator + ": '" + typeName(value) + "'");
        };
    }

    static boolean compare(String operator, Value a, Value b) {
        return switch (operator) {
            case "==" -> a.equals(b);
            case "!=" -> !a.equals(b);
            case "in" -> contains(b, a);
            case "not in" -> !contains(b, a);
            default -> {
                int order = order(a, b, operator);
                // 2 stands for unordered: NaN.
                yield order != 2
                        && switch (operator) {
                            case "<" -> order < 0;
                            case "<=" -> order <= 0;
                            case ">" -> order > 0;
                            case ">=" -> order >= 0;
                            default -> throw new IllegalArgumentException(operator);
                        };
            }
        };
    }

    /** Order of two values of a kind that has one, by which Python sorts. */
    static int order(Value a, Value b, String operator) {
        if (a instanceof Num x && b instanceof Num y) {
            return Num.compare(x, y);
        }
        if (a instanceof Str x && b instanceof Str y) {
            return PythonText.compare(x.text(), y.text());
        }
        if (a instanceof Seq x && b instanceof Seq y && (x.kind() == Seq.Kind.LIST) == (y.kind() == Seq.Kind.LIST)) {
            for (int i = 0; i < Math.min(x.items().size(), y.items().size()); i++) {
                if (!x.items().get(i).equals(y.items().get(i))) {
                    return order(x.items().get(i), y.items().get(i), operator);
                }
            }
            return Integer.compare(x.items().size(), y.items().size());
        }
        if (a instanceof Undefined u) {
            throw u.failure();
        }
        if (b instanceof Undefined u) {
            throw u.failure();
        }
        throw new JinjaException(
                "'%s' not supported between '%s' and '%s'".formatted(operator, typeName(a), typeName(b)));
    }

    static boolean contains(Value container, Value item) {
        return switch (container) {
            case Str s -> {
                if (item instanceof Str part) {
                    yield s.text().contains(part.text());
                }
                throw new JinjaException("'in <string>' takes a string on its left, got " + typeName(item));
            }
            case Dict d -> d.entries().containsKey(hashable(item));
            case View v when v.type().equals("dict_keys") -> v.items().contains(hashable(item));
            default -> {
                Iterator<Value> items = iterate(container);
                while (items.hasNext()) {
                    if (items.next().equals(item)) {
                        yield true;
                    }
                }
                yield false;
            }
        };
    }

    /** The value, if Python lets it be a key. */
    static Value hashable(Value key) {
        boolean unhashable = switch (key) {
            case Dict d -> true;
            case Seq s -> s.kind() == Seq.Kind.LIST;
            case View v -> !v.type().equals("dict_values");
            default -> false;
        };
        if (unhashable) {
            throw new JinjaException("unhashable type: '" + typeName(key) + "'");
        }
        if (key instanceof Seq tuple) {
            tuple.items().forEach(Operators::hashable);
        }
        return key;
    }

    static Iterator<Value> iterate(Value value) {
        return switch (value) {
            case Str s -> PythonText.characters(s.text()).iterator();
            case Seq s -> s.items().iterator();
            case Dict d -> d.entries().keySet().iterator();
            case Range r -> r.items().iterator();
            case View v -> v.items().iterator();
            case Stream s -> s.iterator();
            case Undefined u -> Collections.emptyIterator();
            default -> throw new JinjaException("'" + typeName(value) + "' object is not iterable");
        };
    }

    static List<Value> toList(Value value) {
        if (value instanceof Seq seq) {
            return seq.items();
        }
        List<Value> items = new ArrayList<>();
        iterate(value).forEachRemaining(items::add);
        return items;
    }

    static int length(Value value) {
        return switch (value) {
            case Str s -> PythonText.length(s.text());
            case Seq s -> s.items().size();
            case Dict d -> d.entries().size();
            case Range r -> r.size();
            case View v -> v.items().size();
            case Loop loop -> loop.length();
            case Undefined u -> 0;
            default -> throw new JinjaException("object of type '" + typeName(value) + "' has no len()");
        };
    }

    /** {@code container[key]}; null where Python raises {@code TypeError} or {@code LookupError}. */
    static @Nullable Value item(Value container, Value key) {
        if (container instanceof Undefined u) {
            throw u.failure();
        }
        if (container instanceof Dict dict) {
            boolean unhashable = key instanceof Dict || key instanceof Seq s && s.kind() == Seq.Kind.LIST;
            return unhashable ? null : dict.entries().get(key);
        }
        if (!(key instanceof Num number) || number instanceof Float) {
            return null;
        }
        int size = switch (container) {
            case Str s -> PythonText.length(s.text());
            case Seq s -> s.items().size();
            case Range r -> r.size();
            default -> 0;
        };
        long index = Numbers.toIndex(number);
        index = index < 0 ? index + size : index;
        if (index < 0 || index >= size) {
            return null;
        }
        return switch (container) {
            case Str s -> new Str(PythonText.characterAt(s.text(), (int) index), s.markup());
            case Seq s -> s.items().get((int) index);
            case Range r -> Int.of(r.start() + index * r.step());
            default -> null;
        };
    }

    /** {@code container[from:to:step]}; each bound may be missing. */
    static Value slice(Value container, Value from, Value to, Value step) {
        if (container instanceof Undefined u) {
            throw u.failure();
        }
        List<Value> items = switch (container) {
            case Str s -> PythonText.characters(s.text());
            case Seq s -> s.items();
            case Range r -> r.items();
            default -> throw new JinjaException("'" + typeName(container) + "' object is not subscriptable");
        };
        int stride = step == None.NONE ? 1 : Numbers.toIndex(step);
        if (stride == 0) {
            throw new JinjaException("slice step cannot be zero");
        }
        int size = items.size();
        int start = bound(from, stride > 0 ? 0 : size - 1, size, stride);
        int stop = bound(to, stride > 0 ? size : -1, size, stride);
        List<Value> slice = new ArrayList<>();
        for (long i = start; stride > 0 ? i < stop : i > stop; i += stride) {
            slice.add(items.get((int) i));
        }
        return switch (container) {
            case Str s -> new Str(PythonText.join(slice), s.markup());
            case Range r -> {
                long width = r.step() * stride;
                yield new Range(r.start() + start * r.step(), r.start() + stop * r.step(), width);
            }
            case Seq s -> new Seq(slice, s.kind() == Seq.Kind.LIST ? Seq.Kind.LIST : Seq.Kind.TUPLE);
            default -> throw new IllegalStateException();
        };
    }

    private static int bound(Value value, int missing, int size, int stride) {
        if (value == None.NONE) {
            return missing;
        }
        int index = Numbers.toIndex(value);
        if (index < 0) {
            return Math.max(stride > 0 ? 0 : -1, (int) Math.max((long) index + size, -1));
        }
        return Math.min(index, stride > 0 ? size : size - 1);
    }

    /** A dictionary from pairs, as {@code dict(pairs)} makes it. */
    static void putAll(Map<Value, Value> entries, Value source) {
        if (source instanceof Dict dict) {
            entries.putAll(dict.entries());
            return;
        }
        for (Iterator<Value> pairs = iterate(source); pairs.hasNext(); ) {
            List<Value> pair = toList(pairs.next());
            if (pair.size() != 2) {
                throw new JinjaException("a dictionary is made of pairs; found " + pair.size() + " items");
            }
            entries.put(hashable(pair.get(0)), pair.get(1));
        }
    }
}
