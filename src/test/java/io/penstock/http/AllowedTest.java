package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The table says what the resources say.
class AllowedTest {

    private static List<Class<?>> resources() {
        return new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("io.penstock")
                        .stream()
                        .filter(type -> type.isAnnotatedWith(Path.class))
                        .<Class<?>>map(JavaClass::reflect)
                        .toList();
    }

    @Test
    void everyPathOfAResourceIsInTheTableWithItsMethods() {
        Map<String, TreeSet<String>> paths = new TreeMap<>();
        for (Class<?> resource : resources()) {
            for (Method method : resource.getDeclaredMethods()) {
                String name = name(method);
                if (name != null) {
                    Path path = method.getAnnotation(Path.class);
                    String whole =
                            resource.getAnnotation(Path.class).value()
                                    + (path == null ? "" : "/" + path.value());
                    paths.computeIfAbsent(whole.replaceAll("\\{[^}]+}", "x"), _ -> new TreeSet<>())
                            .add(name);
                }
            }
        }

        assertThat(paths).hasSizeGreaterThan(15);
        paths.forEach((path, methods) -> {
            if (methods.contains("GET")) {
                methods.add("HEAD");
            }
            methods.add("OPTIONS");
            String allowed = Allowed.at(path);
            assertThat(List.of(String.valueOf(allowed).split(", ")))
                    .as(path)
                    .containsExactlyInAnyOrderElementsOf(methods);
        });
    }

    private static @Nullable String name(Method method) {
        if (method.isAnnotationPresent(GET.class)) {
            return "GET";
        }
        if (method.isAnnotationPresent(DELETE.class)) {
            return "DELETE";
        }
        return method.isAnnotationPresent(POST.class) ? "POST" : null;
    }
}
