package io.yuebing.cli.doctor;

import io.yuebing.transfer.topology.SystemFiles;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Whether the ports that are to be listened on are free, and who has them if not. */
final class PortChecks {
    private static final List<String> TABLES = List.of("/proc/net/tcp", "/proc/net/tcp6");
    private static final String LISTENING = "0A";
    private static final String OWN_PROGRAM = "io.yuebing.cli/io.yuebing.cli.Main";
    private static final int MOST_WORDS = 60;

    private PortChecks() {}

    static void look(Machine machine, Findings findings) {
        SystemFiles files = machine.files();
        if (TABLES.stream().noneMatch(files::exists)) {
            findings.ok("not known on this system");
            return;
        }
        machine.ports().forEach((setting, port) -> {
            Set<String> sockets = listening(files, port);
            if (sockets.isEmpty()) {
                findings.ok(port + " (" + setting + ") is free");
                return;
            }
            Optional<String> process = owner(files, sockets);
            String command = process.flatMap(id -> files.text("/proc/" + id + "/cmdline"))
                    .map(text -> text.replace('\0', ' ').strip())
                    .orElse("a process of another user");
            String who = process.map(id -> "process " + id + ", ").orElse("");
            if (command.contains(OWN_PROGRAM)) {
                findings.ok(port + " (" + setting + ") is in use by Yuebing itself, process " + process.orElseThrow());
            } else {
                findings.problem(
                        port + " (" + setting + ") is taken by " + who + shortened(command),
                        "stop it, or choose another port with --" + setting);
            }
        });
    }

    private static String shortened(String command) {
        return command.length() > MOST_WORDS ? command.substring(0, MOST_WORDS) + "..." : command;
    }

    /** Inodes of the sockets that listen on a port. */
    private static Set<String> listening(SystemFiles files, int port) {
        String suffix = String.format(":%04X", port);
        Set<String> inodes = new LinkedHashSet<>();
        TABLES.stream()
                .flatMap(table -> files.text(table).orElse("").lines().skip(1))
                .map(line -> line.strip().split("\\s+"))
                .filter(fields -> fields.length > 9)
                .filter(fields -> fields[1].endsWith(suffix) && fields[3].equals(LISTENING))
                .forEach(fields -> inodes.add(fields[9]));
        return inodes;
    }

    /** The process that holds one of the sockets; empty if it is not ours to look at. */
    private static Optional<String> owner(SystemFiles files, Set<String> inodes) {
        return files.names("/proc").stream()
                .filter(name -> name.matches("\\d+"))
                .filter(process -> links(files, "/proc/" + process + "/fd")
                        .anyMatch(link -> inodes.stream().anyMatch(inode -> link.equals("socket:[" + inode + "]"))))
                .findFirst();
    }

    private static Stream<String> links(SystemFiles files, String folder) {
        return files.names(folder).stream().flatMap(name -> files.link(folder + "/" + name).stream());
    }
}
