package io.penstock;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.Architectures;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.NullMarked;
import software.amazon.awssdk.core.exception.SdkException;

/// The direction in which calls go, and where each outside library is at home.
@AnalyzeClasses(packages = "io.penstock", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule callsGoOneWay =
            Architectures.layeredArchitecture()
                    .consideringOnlyDependenciesInLayers()
                    .withOptionalLayers(true)
                    .layer("cli")
                    .definedBy("io.penstock.cli..")
                    .layer("lambda")
                    .definedBy("io.penstock.lambda..")
                    .layer("http")
                    .definedBy("io.penstock.http..")
                    .layer("batch")
                    .definedBy("io.penstock.batch..")
                    .layer("pipeline")
                    .definedBy("io.penstock.pipeline..")
                    .layer("tasks")
                    .definedBy("io.penstock.tasks..")
                    .layer("llm")
                    .definedBy("io.penstock.llm..")
                    .layer("flow")
                    .definedBy("io.penstock.flow..")
                    .layer("access")
                    .definedBy("io.penstock.access..")
                    .layer("store")
                    .definedBy("io.penstock.store..")
                    .layer("json")
                    .definedBy("io.penstock.json..")
                    .layer("dev")
                    .definedBy("io.penstock.dev..")
                    .whereLayer("dev")
                    .mayNotBeAccessedByAnyLayer()
                    .whereLayer("cli")
                    .mayNotBeAccessedByAnyLayer()
                    .whereLayer("lambda")
                    .mayOnlyBeAccessedByLayers("cli")
                    .whereLayer("http")
                    .mayOnlyBeAccessedByLayers("lambda")
                    .whereLayer("batch")
                    .mayOnlyBeAccessedByLayers("cli", "lambda", "http")
                    .whereLayer("pipeline")
                    .mayOnlyBeAccessedByLayers("http", "batch")
                    .whereLayer("tasks")
                    .mayOnlyBeAccessedByLayers("http", "batch", "pipeline")
                    .whereLayer("llm")
                    .mayOnlyBeAccessedByLayers(
                            "cli", "lambda", "http", "batch", "pipeline", "tasks", "dev")
                    .whereLayer("flow")
                    .mayOnlyBeAccessedByLayers("cli", "llm", "batch", "pipeline", "tasks", "access")
                    .whereLayer("access")
                    .mayOnlyBeAccessedByLayers("cli", "http", "batch", "llm")
                    .whereLayer("store")
                    .mayOnlyBeAccessedByLayers(
                            "cli", "lambda", "http", "batch", "llm", "flow", "access")
                    .whereLayer("json")
                    .mayOnlyBeAccessedByLayers(
                            "cli", "lambda", "http", "batch", "pipeline", "tasks", "llm", "access");

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("io.penstock.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule languageModelsAndFaultToleranceLiveInLlmAndTasks =
            onlyIn(
                    new String[] {"io.penstock.llm..", "io.penstock.tasks..", "io.penstock.dev.."},
                    "dev.langchain4j..",
                    "io.quarkiverse.langchain4j..",
                    "org.eclipse.microprofile.faulttolerance..",
                    "io.smallrye.faulttolerance..",
                    "io.micrometer..");

    @ArchTest
    static final ArchRule webLivesInHttp =
            onlyIn(
                    "io.penstock.http..",
                    "jakarta.ws.rs..",
                    "org.jboss.resteasy..",
                    "io.quarkus.websockets..",
                    "io.vertx.ext.web..");

    /// REST's own streams close an HTTP/2 connection for the sake of one of its calls.
    @ArchTest
    static final ArchRule bodiesGoPastRestsStreams =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .haveFullyQualifiedName("jakarta.ws.rs.core.StreamingOutput");

    @ArchTest
    static final ArchRule lambdaLivesInLambda = onlyIn("io.penstock.lambda..", "com.amazonaws..");

    /// The provider's answers are cut out of their connections there, callers' sockets are closed
    /// with a word, and API Gateway's requests are put on Quarkus' virtual one.
    @ArchTest
    static final ArchRule nettyLivesAtTheEndsOfTheWire =
            onlyIn(
                    new String[] {
                        "io.penstock.llm..",
                        "io.penstock.http..",
                        "io.penstock.lambda..",
                        "io.penstock.dev.."
                    },
                    "io.netty..");

    @ArchTest
    static final ArchRule argumentsAreReadInCli = onlyIn("io.penstock.cli..", "picocli..");

    @ArchTest
    static final ArchRule whatWaitsIsAThread =
            noClasses()
                    .that()
                    .haveSimpleNameNotStartingWith("Key")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("io.smallrye.mutiny..")
                    .because("only Quarkus' security asks for it, and there the classes are Key…");

    @ArchTest
    static final ArchRule identitiesLiveInAccessAndHttp =
            onlyIn(
                    new String[] {"io.penstock.access..", "io.penstock.http.."},
                    "io.quarkus.security..");

    @ArchTest
    static final ArchRule databasesLiveInTheStore =
            onlyIn("io.penstock.store..", "java.sql..", "org.sqlite..");

    /// The functions' own part of it are the connections of a WebSocket API.
    @ArchTest
    static final ArchRule awsSdkLivesInStoreAwsAndLambda =
            onlyIn(
                    new String[] {"io.penstock.store.aws..", "io.penstock.lambda.."},
                    "software.amazon..");

    @ArchTest
    static final ArchRule onlyTheStoreKnowsItsEngines =
            onlyIn("io.penstock.store..", "io.penstock.store.local..", "io.penstock.store.aws..");

    /// A reader of an object's bytes expects an `IOException`.
    @ArchTest
    static final ArchRule onePlaceSaysWhatFailedInAws =
            classes()
                    .that()
                    .resideInAPackage("io.penstock.store.aws..")
                    .and()
                    .doNotHaveSimpleName("Aws")
                    .and()
                    .doNotHaveSimpleName("ObjectBytes")
                    .should(
                            new ArchCondition<>("catch no failure of the SDK as a whole") {
                                @Override
                                public void check(JavaClass item, ConditionEvents events) {
                                    item.getCodeUnits().stream()
                                            .flatMap(unit -> unit.getTryCatchBlocks().stream())
                                            .flatMap(block -> block.getCaughtThrowables().stream())
                                            .filter(caught ->
                                                    caught.isEquivalentTo(SdkException.class)
                                                            || caught.isEquivalentTo(
                                                                    UncheckedIOException.class))
                                            .forEach(caught ->
                                                    events.add(
                                                            SimpleConditionEvent.violated(
                                                                    item,
                                                                    item.getName()
                                                                            + " catches "
                                                                            + caught.getName())));
                                }
                            });

    @ArchTest
    static final ArchRule namesSayWhatAThingIs =
            noClasses()
                    .should()
                    .haveNameMatching(".*(Impl|Manager|Helper|Utils?|Service)")
                    .because("such names say how a thing is used, not what it is");

    @ArchTest
    static final ArchRule aTypesNameStandsForOneThing =
            classes()
                    .that()
                    .doNotHaveSimpleName("package-info")
                    .should(
                            new ArchCondition<>("not share the name of a top-level type") {

                                private final Map<String, JavaClass> named = new HashMap<>();

                                @Override
                                public void init(Collection<JavaClass> all) {
                                    all.stream()
                                            .filter(JavaClass::isTopLevelClass)
                                            .forEach(one -> named.put(one.getSimpleName(), one));
                                }

                                @Override
                                public void check(JavaClass item, ConditionEvents events) {
                                    JavaClass other =
                                            named.getOrDefault(item.getSimpleName(), item);
                                    events.add(
                                            new SimpleConditionEvent(
                                                    item,
                                                    other.equals(item),
                                                    item.getName()
                                                            + " has the name of "
                                                            + other.getName()));
                                }
                            })
                    .because("a name that stands for two things has to be looked up each time");

    @ArchTest
    static final ArchRule packagesAreExplainedAndNullMarked =
            classes()
                    .should(
                            new ArchCondition<>("be in a package with a @NullMarked package-info") {
                                @Override
                                public void check(JavaClass item, ConditionEvents events) {
                                    events.add(
                                            new SimpleConditionEvent(
                                                    item,
                                                    item.getPackage()
                                                            .isAnnotatedWith(NullMarked.class),
                                                    item.getName()));
                                }
                            });

    private static ArchRule onlyIn(String home, String... libraries) {
        return onlyIn(new String[] {home, "io.penstock.dev.."}, libraries);
    }

    private static ArchRule onlyIn(String[] homes, String... libraries) {
        return noClasses()
                .that()
                .resideOutsideOfPackages(homes)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(libraries);
    }
}
