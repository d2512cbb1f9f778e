package io.penstock.pages;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithParentName;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The settings that the pages name against the code's.
class SettingsPageTest {

    private static final Path SOURCES = Path.of("src/main/java");

    private static final Pattern SINGLE =
            Pattern.compile(
                    "@ConfigProperty\\(\\s*name = \"(penstock\\.[a-z.-]+)\"(?:,\\s*defaultValue ="
                            + " \"([^\"]*)\")?\\)");

    private static final Pattern KEY = Pattern.compile("`(penstock\\.[^`=]+)`");

    /// Settings of the build and of its tests.
    private static final Pattern BUILD =
            Pattern.compile("penstock\\.(bench|cloud|chaos|golden|test|data|native)\\b.*");

    private static final Pattern VARIABLE = Pattern.compile("\\bPENSTOCK_[A-Z][A-Z_]*[A-Z]\\b");

    /// What an option of the command line is read from.
    private static final Pattern OPTION = Pattern.compile("\\$\\{env:(PENSTOCK_[A-Z_]+)");

    private static final Set<String> OPTIONS = new TreeSet<>();

    /// The default of each, empty where it has none; `*` stands for a name or a number.
    private static final Map<String, String> SETTINGS = new TreeMap<>();

    @BeforeAll
    static void collect() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                String source = Files.readString(file);
                if (source.contains("@ConfigMapping(")) {
                    Class<?> mapping = type(file);
                    collect(mapping, mapping.getAnnotation(ConfigMapping.class).prefix());
                }
                OPTION.matcher(source).results().forEach(found -> OPTIONS.add(found.group(1)));
                for (MatchResult single : SINGLE.matcher(source).results().toList()) {
                    SETTINGS.putIfAbsent(
                            single.group(1), single.group(2) == null ? "" : single.group(2));
                }
            }
        }
    }

    @Test
    void thePageHasEachSettingAndItsDefaultAndNoOther() {
        Map<String, String> listed = new TreeMap<>();
        for (List<String> row : Page.of("docs/configuration.md").rows()) {
            Matcher key = KEY.matcher(row.getFirst());
            if (key.matches()) {
                assertThat(row).as(key.group(1)).hasSize(4);
                assertThat(listed.put(general(key.group(1)), row.get(2)))
                        .as("%s is there twice", key.group(1))
                        .isNull();
            }
        }

        assertThat(listed.keySet()).isEqualTo(SETTINGS.keySet());
        listed.forEach(SettingsPageTest::checkDefault);
    }

    @Test
    void theReadmeHasTenOfThem() {
        Map<String, String> listed = new TreeMap<>();
        for (List<String> row : Page.of("README.md").rows()) {
            Matcher key = KEY.matcher(row.getFirst());
            if (key.matches()) {
                listed.put(general(key.group(1)), row.get(1));
            }
        }

        assertThat(listed).hasSize(10);
        listed.forEach(SettingsPageTest::checkDefault);
    }

    /// Where the code has none the page may say in words what holds then.
    private static void checkDefault(String key, String said) {
        assertThat(SETTINGS).containsKey(key);
        String is = SETTINGS.get(key);
        if (is != null && !is.isEmpty()) {
            assertThat(said).as(key).isEqualTo("`" + is + "`");
        }
    }

    @Test
    void noPageNamesASettingThatDoesNotExist() {
        Set<String> variables =
                SETTINGS.keySet().stream()
                        .map(key -> key.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_"))
                        .collect(Collectors.toCollection(TreeSet::new));
        variables.addAll(OPTIONS);
        for (Page page : Page.all()) {
            String text = String.join("\n", page.lines());
            KEY.matcher(text)
                    .results()
                    .map(key -> key.group(1))
                    .filter(key -> !BUILD.matcher(key).matches())
                    .forEach(key ->
                            assertThat(SETTINGS.keySet())
                                    .as("%s: %s", page, key)
                                    .anyMatch(known ->
                                            known.equals(general(key))
                                                    || known.startsWith(general(key) + ".")));
            VARIABLE.matcher(text.replaceAll("PENSTOCK_(BENCH_|[A-Z_0-9]*__)\\S*", ""))
                    .results()
                    .map(MatchResult::group)
                    .forEach(name -> assertThat(variables).as("%s: %s", page, name).contains(name));
        }
    }

    private static String general(String key) {
        return key.replaceAll("\"MODEL\"|NAME", "*").replace("[N]", "[*]");
    }

    private static Class<?> type(Path file) {
        String name = SOURCES.relativize(file).toString().replace('/', '.');
        try {
            return Class.forName(name.substring(0, name.length() - ".java".length()));
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    private static void collect(Class<?> mapping, String prefix) {
        for (Method method : mapping.getDeclaredMethods()) {
            if (Modifier.isAbstract(method.getModifiers())) {
                String key =
                        method.isAnnotationPresent(WithParentName.class)
                                ? prefix
                                : prefix + "." + kebab(method.getName());
                WithDefault given = method.getAnnotation(WithDefault.class);
                collect(method.getGenericReturnType(), key, given == null ? "" : given.value());
            }
        }
    }

    private static void collect(Type type, String key, String given) {
        if (type instanceof ParameterizedType of && of.getRawType() == Map.class) {
            collect(of.getActualTypeArguments()[1], key + ".*", given);
        } else if (type instanceof ParameterizedType of
                && of.getRawType() == List.class
                && isGroup(of.getActualTypeArguments()[0])) {
            collect((Class<?>) of.getActualTypeArguments()[0], key + "[*]");
        } else if (type instanceof ParameterizedType of
                && of.getRawType() == Optional.class
                && isGroup(of.getActualTypeArguments()[0])) {
            collect((Class<?>) of.getActualTypeArguments()[0], key);
        } else if (isGroup(type)) {
            collect((Class<?>) type, key);
        } else {
            SETTINGS.put(key, given);
        }
    }

    private static boolean isGroup(Type type) {
        return type instanceof Class<?> group
                && group.isInterface()
                && group.getName().startsWith("io.penstock.");
    }

    private static String kebab(String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }
}
