package io.penstock;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.penstock.testing.Permissions;
import jakarta.inject.Named;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// The functions' roles allow what the code calls, no less and no more: every call of an AWS client
/// stands in the file that the policies are made of, and nothing else does.
class PermissionsTest {

    /// What of a client asks AWS for nothing.
    private static final Set<String> LOCAL = Set.of("builder", "create", "close");

    @Test
    void everyCallHasItsPermissionAndEveryPermissionItsCall() {
        Set<String> called = new TreeSet<>();
        Set<String> handlers = new TreeSet<>();
        for (JavaClass type :
                new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("io.penstock")) {
            if (type.isAnnotatedWith(Named.class) && type.isAssignableTo(RequestHandler.class)) {
                handlers.add(type.getAnnotationOfType(Named.class).value());
            }
            for (JavaMethodCall call : type.getMethodCallsFromSelf()) {
                JavaClass owner = call.getTargetOwner();
                if (owner.getPackageName().startsWith("software.amazon.awssdk.services.")
                        && (owner.getSimpleName().endsWith("Client")
                                || owner.getSimpleName().endsWith("Presigner"))
                        && !LOCAL.contains(call.getName())) {
                    called.add(owner.getSimpleName() + "." + call.getName());
                }
            }
        }

        assertThat(called).hasSizeGreaterThan(15);
        assertThat(handlers).hasSizeGreaterThan(1).isSubsetOf(Permissions.functions());
        assertThat(called).isSubsetOf(Permissions.calls(Permissions.functions()));
        assertThat(Permissions.calls(handlers)).isSubsetOf(called);
    }
}
