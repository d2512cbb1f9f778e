package io.penstock.access;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.store.CallerKey;
import io.penstock.store.CallerKeys;
import io.penstock.store.StoreException;
import io.quarkus.runtime.QuarkusApplication;
import java.io.PrintStream;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The command `keys` of the packaged program: makes, lists, rotates and ends keys in the store
/// that the settings name, and serves nobody. It prints one JSON object a line.
public class KeysCommand implements QuarkusApplication {

    private static final String USAGE =
            """
            keys add NAME [--models gpt-4o*,o3] [--requests-per-minute N] [--tokens-per-minute N]
                          [--calls-at-once N] [--spend-per-day X] [--spend-per-month X]
                          [--ends-at 2027-01-31T00:00:00Z] [--sees-others] [--admin]
            keys list
            keys rotate ID [--overlap P7D]
            keys end ID\
            """;

    private static final Map<String, String> TEXTS = Map.of("--ends-at", "ends_at");

    private static final Map<String, String> NUMBERS =
            Map.of(
                    "--requests-per-minute", "requests_per_minute",
                    "--tokens-per-minute", "tokens_per_minute",
                    "--calls-at-once", "calls_at_once",
                    "--spend-per-day", "spend_per_day",
                    "--spend-per-month", "spend_per_month");

    private static final Map<String, String> FLAGS =
            Map.of("--sees-others", "sees_others", "--admin", "admin");

    private final Keys keys;
    private final CallerKeys stored;

    KeysCommand(Keys keys, CallerKeys stored) {
        this.keys = keys;
        this.stored = stored;
    }

    @Override
    public int run(String... args) {
        return run(List.of(args), System.out, System.err);
    }

    /// @return the exit code: 0 done, 1 not done, 2 not understood
    int run(List<String> args, PrintStream out, PrintStream err) {
        try {
            String what = args.size() < 2 ? "" : args.get(1);
            return switch (what) {
                case "add" -> add(args.subList(2, args.size()), out);
                case "list" -> {
                    keys.all().forEach(key -> out.println(KeyJson.of(key, stored.now())));
                    yield 0;
                }
                case "rotate" -> rotate(args.subList(2, args.size()), out, err);
                case "end" -> {
                    Optional<CallerKey> ended = keys.end(id(args.subList(2, args.size())));
                    ended.ifPresent(key -> out.println(KeyJson.of(key, stored.now())));
                    yield done(ended.isPresent(), err);
                }
                default -> throw InvalidRequest.of(null, "usage", USAGE);
            };
        } catch (InvalidRequest wrong) {
            err.println(wrong.text());
            return 2;
        } catch (StoreException away) {
            err.println("The store cannot be reached: " + away.text());
            return 1;
        }
    }

    private int add(List<String> args, PrintStream out) {
        ObjectNode asked = Fields.JSON.createObjectNode().put("name", id(args));
        for (int i = 1; i < args.size(); i++) {
            String option = args.get(i);
            if (FLAGS.containsKey(option)) {
                asked.put(FLAGS.get(option), true);
                continue;
            }
            if (i + 1 == args.size()) {
                throw InvalidRequest.of(null, "usage", option + " needs a value.\n" + USAGE);
            }
            put(asked, option, args.get(++i));
        }
        out.println(KeyJson.of(keys.make(KeyRequest.of(Fields.of(asked))), stored.now()));
        return 0;
    }

    private static void put(ObjectNode asked, String option, String value) {
        if (option.equals("--models")) {
            ArrayNode models = asked.putArray("models");
            for (String model : value.split(",")) {
                models.add(model.strip());
            }
        } else if (TEXTS.containsKey(option)) {
            asked.put(TEXTS.get(option), value);
        } else if (NUMBERS.containsKey(option)) {
            // As it was written: whoever reads it says what is wrong with it, if it is no number.
            asked.set(NUMBERS.get(option), number(value));
        } else {
            throw InvalidRequest.of(null, "usage", option + " is no option.\n" + USAGE);
        }
    }

    private static JsonNode number(String value) {
        try {
            return Fields.of("{\"value\":" + value + "}").json().get("value");
        } catch (InvalidRequest none) {
            return Fields.JSON.createObjectNode().textNode(value);
        }
    }

    private int rotate(List<String> args, PrintStream out, PrintStream err) {
        Duration overlap = Keys.OVERLAP;
        if (args.size() == 3 && args.get(1).equals("--overlap")) {
            try {
                overlap = Duration.parse(args.get(2));
            } catch (DateTimeParseException none) {
                throw InvalidRequest.of(null, "usage", "--overlap is a time such as P7D or PT1H.");
            }
        } else if (args.size() != 1) {
            throw InvalidRequest.of(null, "usage", USAGE);
        }
        Optional<Keys.Made> made = keys.rotate(id(args), overlap);
        made.ifPresent(key -> out.println(KeyJson.of(key, stored.now())));
        return done(made.isPresent(), err);
    }

    private static String id(List<String> args) {
        if (args.isEmpty() || args.getFirst().startsWith("--")) {
            throw InvalidRequest.of(null, "usage", USAGE);
        }
        return args.getFirst();
    }

    private static int done(boolean found, PrintStream err) {
        if (!found) {
            err.println("There is no key of this id; keys list has them all.");
        }
        return found ? 0 : 1;
    }
}
