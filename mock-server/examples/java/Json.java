import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A JSON value: a Map, List, String, BigDecimal, Boolean or null. A project that has a JSON library uses that instead. */
record Json(Object value) {
    static Json parse(String text) {
        return new Json(new Reader(text).value());
    }

    /** A text as JSON. */
    static String quote(String text) {
        var quoted = new StringBuilder();
        for (char c : text.toCharArray()) {
            boolean plain = c >= ' ' && c != '"' && c != '\\';
            quoted.append(plain ? c : String.format("\\u%04x", (int) c));
        }
        return '"' + quoted.toString() + '"';
    }

    /** What stands there, by names of members and indexes: at("nearest", 0, "differences"). */
    Json at(Object... path) {
        Object found = value;
        for (Object step : path) {
            found = step instanceof Integer index ? ((List<?>) found).get(index) : ((Map<?, ?>) found).get(step);
        }
        return new Json(found);
    }

    /** What stands there in each element of a list. */
    List<Json> each(Object... path) {
        return ((List<?>) value).stream().map(element -> new Json(element).at(path)).toList();
    }

    /** A list from its end. */
    Json reversed() {
        var elements = new ArrayList<Object>((List<?>) value);
        Collections.reverse(elements);
        return new Json(elements);
    }

    /** A text without quotes, anything else much as it was. */
    @Override
    public String toString() {
        return String.valueOf(value);
    }

    private static final class Reader {
        private final String text;
        private int next;

        Reader(String text) {
            this.text = text;
        }

        Object value() {
            char first = peek();
            if (first == '{') {
                var members = new LinkedHashMap<String, Object>();
                for (next++; peek() != '}'; skip(',')) {
                    String name = string();
                    expect(':');
                    members.put(name, value());
                }
                next++;
                return members;
            }
            if (first == '[') {
                var elements = new ArrayList<Object>();
                for (next++; peek() != ']'; skip(',')) elements.add(value());
                next++;
                return elements;
            }
            if (first == '"') return string();
            int start = next;
            while (next < text.length() && ",]} \r\n\t".indexOf(text.charAt(next)) < 0) next++;
            String word = text.substring(start, next);
            return switch (word) {
                case "null" -> null;
                case "true", "false" -> Boolean.valueOf(word);
                default -> new BigDecimal(word);
            };
        }

        private String string() {
            var string = new StringBuilder();
            expect('"');
            for (char c; (c = text.charAt(next++)) != '"'; ) string.append(c == '\\' ? escaped() : c);
            return string.toString();
        }

        private char escaped() {
            char c = text.charAt(next++);
            return switch (c) {
                case 'n' -> '\n';
                case 't' -> '\t';
                case 'r' -> '\r';
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'u' -> (char) Integer.parseInt(text.substring(next, next += 4), 16);
                default -> c;
            };
        }

        private char peek() {
            while (Character.isWhitespace(text.charAt(next))) next++;
            return text.charAt(next);
        }

        private void skip(char separator) {
            if (peek() == separator) next++;
        }

        private void expect(char wanted) {
            if (peek() != wanted) throw new IllegalArgumentException("no " + wanted + " at " + next + " of " + text);
            next++;
        }
    }
}
