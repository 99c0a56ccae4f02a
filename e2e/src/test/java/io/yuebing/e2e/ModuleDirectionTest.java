package io.yuebing.e2e;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import org.junit.jupiter.api.Test;

/** The arrows of ARCHITECTURE.md's map only point down. */
class ModuleDirectionTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.yuebing");

    @Test
    void modulesUseOnlyModulesBelowThem() {
        layeredArchitecture()
                .consideringOnlyDependenciesInAnyPackage("io.yuebing..")
                .layer("api")
                .definedBy("io.yuebing.api..")
                .layer("kernels")
                .definedBy("io.yuebing.kernels..")
                .layer("kv")
                .definedBy("io.yuebing.kv..")
                .layer("gguf")
                .definedBy("io.yuebing.gguf..")
                .layer("text")
                .definedBy("io.yuebing.text..")
                .layer("grammar")
                .definedBy("io.yuebing.grammar..")
                .layer("model")
                .definedBy("io.yuebing.model..")
                .layer("engine")
                .definedBy("io.yuebing.engine..")
                .layer("transfer")
                .definedBy("io.yuebing.transfer..")
                .layer("connector")
                .definedBy("io.yuebing.connector..")
                .layer("answer")
                .definedBy("io.yuebing.answer..")
                .layer("dialect")
                .definedBy("io.yuebing.dialect..")
                .layer("node")
                .definedBy("io.yuebing.node..")
                .layer("gateway")
                .definedBy("io.yuebing.gateway..")
                .layer("bench")
                .definedBy("io.yuebing.bench..")
                .layer("cli")
                .definedBy("io.yuebing.cli..")
                .layer("library")
                .definedBy("io.yuebing.library..")
                .whereLayer("cli")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("library")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("bench")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("gateway")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("node")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("dialect")
                .mayOnlyBeAccessedByLayers("node", "gateway", "cli")
                .whereLayer("answer")
                .mayOnlyBeAccessedByLayers("dialect", "cli", "library")
                .whereLayer("connector")
                .mayOnlyBeAccessedByLayers("node")
                .whereLayer("transfer")
                .mayOnlyBeAccessedByLayers("connector", "node", "bench", "cli")
                .whereLayer("engine")
                .mayOnlyBeAccessedByLayers("connector", "node", "bench", "cli", "library")
                .whereLayer("grammar")
                .mayOnlyBeAccessedByLayers("engine", "answer", "dialect", "node", "bench", "library")
                .whereLayer("model")
                .mayOnlyBeAccessedByLayers("engine", "node", "bench", "cli", "library")
                .whereLayer("kernels")
                .mayOnlyBeAccessedByLayers("kv", "model", "engine", "transfer", "node", "bench", "cli", "library")
                .whereLayer("kv")
                .mayOnlyBeAccessedByLayers("model", "engine", "connector", "node", "bench", "cli", "library")
                .whereLayer("gguf")
                .mayOnlyBeAccessedByLayers("text", "model", "node", "bench", "cli")
                .check(CLASSES);
    }

    @Test
    void modulesHaveNoCycles() {
        SlicesRuleDefinition.slices()
                .matching("io.yuebing.(*)..")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }
}
