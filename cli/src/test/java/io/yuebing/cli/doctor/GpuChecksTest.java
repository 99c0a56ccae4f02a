package io.yuebing.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.cli.doctor.CudaSupport.Version;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GpuChecksTest {
    @TempDir
    private Path root;

    @Test
    void toolkitsKnowTheGpusOfTheirTime() {
        assertThat(CudaSupport.newestToolkit(new Version(7, 0))).contains(new Version(12, 9));
        assertThat(CudaSupport.newestToolkit(new Version(7, 5))).isEmpty();
        assertThat(CudaSupport.newestToolkit(new Version(3, 7))).contains(new Version(11, 8));
        assertThat(CudaSupport.oldestToolkit(new Version(8, 0))).isEqualTo(new Version(11, 0));
        assertThat(CudaSupport.oldestToolkit(new Version(8, 6))).isEqualTo(new Version(11, 1));
        assertThat(CudaSupport.oldestToolkit(new Version(8, 9))).isEqualTo(new Version(11, 8));
        assertThat(CudaSupport.oldestToolkit(new Version(9, 0))).isEqualTo(new Version(11, 8));
        assertThat(CudaSupport.oldestToolkit(new Version(10, 0))).isEqualTo(new Version(12, 8));
        assertThat(CudaSupport.oldestToolkit(new Version(12, 0))).isEqualTo(new Version(12, 8));
    }

    @Test
    void aToolkitOlderThanTheGpuOrNewerThanTheDriverIsAProblem() throws Exception {
        FakeMachine box = new FakeMachine(root)
                .program("nvidia-smi", 0, "0, NVIDIA H100 PCIe, 00000000:3B:00.0, 515.65.01, 9.0\n")
                .program("nvcc", 0, "release 11.7, V11.7.99");
        assertThat(look(box))
                .contains(
                        "toolkit 11.7 does not know NVIDIA H100 PCIe with compute capability 9.0",
                        "GPU NVIDIA H100 PCIe, driver 515.65.01, compute capability 9.0 (Hopper)");
        box.program("nvcc", 0, "release 12.4, V12.4.1");
        assertThat(look(box)).contains("driver 515.65.01 is too old for toolkit 12.4");
    }

    @Test
    void anOldDriverThatDoesNotTellTheCapabilityIsAskedWithoutIt() throws Exception {
        FakeMachine box = new FakeMachine(root)
                .program(
                        "nvidia-smi --query-gpu=index,name,pci.bus_id,driver_version,compute_cap",
                        2,
                        "Field \"compute_cap\" is not a valid field to query.")
                .program(
                        "nvidia-smi --query-gpu=index,name,pci.bus_id,driver_version --format",
                        0,
                        "0, Tesla T4, 00000000:00:1E.0, 470.256.02");
        assertThat(look(box)).anyMatch(text -> text.contains("compute capability 7.5 (Turing): below 8.0"));
    }

    @Test
    void aDriverThatDoesNotAnswerIsAProblem() throws Exception {
        FakeMachine box = new FakeMachine(root)
                .program(
                        "nvidia-smi",
                        9,
                        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure\n");
        assertThat(look(box))
                .containsExactly("nvidia-smi says: NVIDIA-SMI has failed because it couldn't communicate with the"
                        + " NVIDIA driver. Make sure");
    }

    private static List<String> look(FakeMachine box) throws Exception {
        Findings findings = new Findings("GPU");
        GpuChecks.look(box.machine(), findings);
        return findings.noted().stream()
                .map(finding -> (finding.level() == Level.OK ? finding.topic() + " " : "") + finding.text())
                .toList();
    }
}
