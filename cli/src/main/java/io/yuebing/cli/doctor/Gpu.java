package io.yuebing.cli.doctor;

import io.yuebing.cli.doctor.CudaSupport.Version;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A GPU as {@code nvidia-smi} describes it.
 *
 * @param pciAddress as in {@code /sys/bus/pci/devices}, for example {@code 0000:1a:00.0}
 * @param capability compute capability
 */
record Gpu(int index, String name, String pciAddress, Version capability, Version driver, String driverText) {
    private static final String FIELDS = "index,name,pci.bus_id,driver_version";

    /** Drivers before branch 510 do not tell the compute capability. */
    private static final Map<String, Version> BY_NAME = Map.of(
            "V100", new Version(7, 0),
            "P100", new Version(6, 0),
            "P40", new Version(6, 1),
            "T4", new Version(7, 5),
            "RTX 6000", new Version(7, 5),
            "A100", new Version(8, 0),
            "A10", new Version(8, 6),
            "A30", new Version(8, 0));

    /** What there is to know: the GPUs, or why nobody can tell. */
    record Answer(List<Gpu> gpus, Optional<String> failure) {}

    /** Asks {@code nvidia-smi}; neither GPUs nor a failure where there is no such program. */
    static Answer ask(Machine machine) throws IOException, InterruptedException {
        Optional<Machine.Output> output = machine.commands().run(query(FIELDS + ",compute_cap"));
        if (output.isPresent()
                && output.get().exitCode() != 0
                && output.get().text().contains("compute_cap")) {
            output = machine.commands().run(query(FIELDS));
        }
        if (output.isEmpty()) {
            return new Answer(List.of(), Optional.empty());
        }
        if (output.get().exitCode() != 0) {
            String text = output.get().text().strip();
            return new Answer(List.of(), Optional.of(text.lines().findFirst().orElse("it failed")));
        }
        List<Gpu> gpus = new ArrayList<>();
        output.get().text().lines().forEach(line -> parse(line).ifPresent(gpus::add));
        return new Answer(gpus, Optional.empty());
    }

    private static List<String> query(String fields) {
        return List.of("nvidia-smi", "--query-gpu=" + fields, "--format=csv,noheader");
    }

    private static Optional<Gpu> parse(String line) {
        String[] fields = line.split(", *");
        if (fields.length < 4 || !fields[0].matches("\\d{1,4}")) {
            return Optional.empty();
        }
        // nvidia-smi writes the domain with eight digits, the kernel with four
        String address = fields[2].toLowerCase(Locale.ROOT).replaceFirst("^0000(?=[0-9a-f]{4}:)", "");
        Version capability = fields.length > 4
                ? Version.in(fields[4]).orElse(new Version(0, 0))
                : BY_NAME.entrySet().stream()
                        .filter(known -> fields[1].matches(".*\\b" + known.getKey() + "\\b.*"))
                        .map(Map.Entry::getValue)
                        .findFirst()
                        .orElse(new Version(0, 0));
        return Optional.of(new Gpu(
                Integer.parseInt(fields[0]),
                fields[1],
                address,
                capability,
                Version.in(fields[3]).orElse(new Version(0, 0)),
                fields[3]));
    }

    boolean capabilityKnown() {
        return capability.major() > 0;
    }
}
