package io.yuebing.cli.doctor;

import java.util.Optional;

/**
 * One line of the report.
 *
 * @param topic what was looked at, one or two words
 * @param text what was found
 * @param advice what to do about it
 */
public record Finding(Level level, String topic, String text, Optional<String> advice) {}
