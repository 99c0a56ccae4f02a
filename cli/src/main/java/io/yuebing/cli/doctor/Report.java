package io.yuebing.cli.doctor;

import io.yuebing.cli.Terminal;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** Tells a person, line by line, or another program, at once, what was found. */
public final class Report {
    private static final int LEVEL_WIDTH = 9;
    private static final int TOPIC_WIDTH = 14;
    private static final int LEAST_TEXT = 24;

    private final PrintWriter out;
    private final Terminal terminal;
    private final boolean asJson;
    private final List<Finding> findings = new ArrayList<>();

    /** @param asJson whether to print one JSON object in the end and nothing before */
    public Report(PrintWriter out, Terminal terminal, boolean asJson) {
        this.out = out;
        this.terminal = terminal;
        this.asJson = asJson;
    }

    /** Takes a finding, and shows it unless all are shown in the end. */
    public void add(Finding finding) {
        findings.add(finding);
        if (asJson) {
            return;
        }
        int indent = LEVEL_WIDTH + TOPIC_WIDTH;
        List<String> lines = wrapped(finding.text(), Math.max(LEAST_TEXT, terminal.width() - indent));
        String label = finding.level().label();
        out.println(coloured(finding.level(), label)
                + " ".repeat(LEVEL_WIDTH - label.length())
                + String.format(Locale.ROOT, "%-" + TOPIC_WIDTH + "s", finding.topic())
                + lines.getFirst());
        lines.stream().skip(1).forEach(line -> out.println(" ".repeat(indent) + line));
        finding.advice().ifPresent(advice -> {
            List<String> what = wrapped(advice, Math.max(LEAST_TEXT, terminal.width() - indent - 3));
            out.println(" ".repeat(indent) + terminal.cyan("-> ") + what.getFirst());
            what.stream().skip(1).forEach(line -> out.println(" ".repeat(indent + 3) + line));
        });
        out.flush();
    }

    /**
     * Sums up.
     *
     * @return whether there is no problem
     */
    public boolean end() {
        long problems = count(Level.PROBLEM);
        long warnings = count(Level.WARNING);
        if (asJson) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("problems", problems);
            report.put("warnings", warnings);
            report.put("findings", findings.stream().map(Report::fields).toList());
            out.println(JsonMapper.shared().writeValueAsString(report));
        } else {
            out.println();
            out.println(
                    problems + warnings == 0
                            ? terminal.green("Nothing to do")
                            : amount(problems, "problem") + ", " + amount(warnings, "warning"));
        }
        out.flush();
        return problems == 0;
    }

    private static Map<String, Object> fields(Finding finding) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("topic", finding.topic());
        fields.put("level", finding.level().label().toLowerCase(Locale.ROOT));
        fields.put("text", finding.text());
        finding.advice().ifPresent(advice -> fields.put("advice", advice));
        return fields;
    }

    private long count(Level level) {
        return findings.stream().filter(finding -> finding.level() == level).count();
    }

    private static String amount(long count, String what) {
        return (count == 0 ? "no" : String.valueOf(count)) + " " + what + (count == 1 ? "" : "s");
    }

    private String coloured(Level level, String text) {
        return switch (level) {
            case OK -> terminal.green(text);
            case WARNING -> terminal.yellow(text);
            case PROBLEM -> terminal.red(text);
        };
    }

    /** Lines no longer than the width, if words allow. */
    private static List<String> wrapped(String text, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ")) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
