package io.penstock.dev;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How the simulated provider answers. Immutable.
///
/// The same settings are written in three ways: as JSON (`{"latency":"200ms","fault":"reset"}`), as
/// words (`latency=200ms fault=reset`, also inside a message as `[[sim latency=200ms
/// fault=reset]]`) and as options of the command line (`--latency=200ms`).
///
/// @param latency wait before the head of the answer
/// @param latencyP99 99th percentile of the wait, whose median is then `latency`; null: no tail
/// @param tokenDelay wait before each delta of a stream but the first
/// @param fault what goes wrong; of several, separated by commas, any one
/// @param dripDelay wait before each byte of [Fault#DRIP]
/// @param stall how much later than others an answer with [Fault#STALL] comes
/// @param retryAfter seconds, as `Retry-After`, sent with 429, 503 and 529
/// @param retryAfterMs milliseconds, as `retry-after-ms`, sent with the same
/// @param retryAfterDate seconds from now, as the HTTP date in `Retry-After`, sent with the same
/// @param times the fault applies to this many first requests of the same conversation, or to this
///   many first requests in all when it is the default behaviour; null: to every one
/// @param each whether `times` of the default behaviour counts for each conversation by itself
/// @param rate probability, 0 to 1, that the fault applies
/// @param lasts how long the fault applies after the behaviour was set; null: until it is changed
/// @param gate name of the gate at which the request is held
/// @param maxInFlight most requests at once, also changing: `10,50,200/30s`; like all that follow,
///   a setting of the default behaviour only
/// @param rpm most requests admitted in any 60 seconds
/// @param tpm most tokens admitted in any 60 seconds
/// @param requests another limit on requests in place of `rpm`, in the form of [Quota]
/// @param tokens another limit on tokens in place of `tpm`
/// @param waits where a request over a limit is told when to come back
/// @param headers what the `x-ratelimit-*` headers say
public record Behaviour(
        Duration latency,
        @Nullable Duration latencyP99,
        Duration tokenDelay,
        FaultMix fault,
        Duration dripDelay,
        Duration stall,
        @Nullable Integer retryAfter,
        @Nullable Integer retryAfterMs,
        @Nullable Integer retryAfterDate,
        @Nullable Integer times,
        boolean each,
        double rate,
        @Nullable Duration lasts,
        @Nullable String gate,
        @Nullable AtOnce maxInFlight,
        @Nullable Integer rpm,
        @Nullable Integer tpm,
        @Nullable Quota requests,
        @Nullable Quota tokens,
        WaitNotice.Place waits,
        LimitHeaders headers) {
    private static final List<String> DEFAULT_ONLY =
            List.of(
                    "each",
                    "lasts",
                    "max_in_flight",
                    "rpm",
                    "tpm",
                    "requests",
                    "tokens",
                    "waits",
                    "headers");

    /// Answers at once, without limits or faults.
    public static final Behaviour WELL_BEHAVED =
            new Behaviour(
                    Duration.ZERO,
                    null,
                    Duration.ZERO,
                    FaultMix.NONE,
                    Duration.ofMillis(100),
                    Duration.ofSeconds(8),
                    null,
                    null,
                    null,
                    null,
                    false,
                    1,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    WaitNotice.Place.ALL,
                    LimitHeaders.HONEST);

    public Behaviour {
        given(latency, "latency");
        given(tokenDelay, "token_delay");
        given(fault, "fault");
        given(dripDelay, "drip_delay");
        given(stall, "stall");
        given(waits, "waits");
        given(headers, "headers");
        if (latencyP99 != null && (latency.isZero() || latencyP99.compareTo(latency) < 0)) {
            throw new BadSetting(
                    "latency_p99",
                    "latency_p99 must not be below latency, and latency must be above 0ms.");
        }
        if (!(rate >= 0 && rate <= 1)) {
            throw new BadSetting("rate", "rate must be from 0 to 1.");
        }
        atLeast(0, retryAfter, "retry_after");
        atLeast(0, retryAfterMs, "retry_after_ms");
        atLeast(0, retryAfterDate, "retry_after_date");
        atLeast(1, times, "times");
        atLeast(1, rpm, "rpm");
        atLeast(1, tpm, "tpm");
        oneOf(requests, rpm, "requests", "rpm");
        oneOf(tokens, tpm, "tokens", "tpm");
    }

    @Nullable Quota requestQuota() {
        return rpm == null ? requests : Quota.perMinute(rpm);
    }

    @Nullable Quota tokenQuota() {
        return tpm == null ? tokens : Quota.perMinute(tpm);
    }

    /// Reads words such as `latency=200ms fault=reset`; what is not named stays well-behaved.
    ///
    /// @throws IllegalArgumentException for an unknown name or a value that does not fit
    public static Behaviour parse(String words) {
        return WELL_BEHAVED.with(settings(words));
    }

    /// The settings in the words, unread.
    static ObjectNode settings(String words) {
        ObjectNode settings = WireJson.MAPPER.createObjectNode();
        for (String word : words.strip().split("\\s+", 0)) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                settings.put(word.substring(0, equals), word.substring(equals + 1));
            } else if (!word.isEmpty()) {
                settings.put(word, "");
            }
        }
        return settings;
    }

    /// This behaviour with some settings replaced.
    Behaviour with(ObjectNode settings) {
        ObjectNode all = WireJson.MAPPER.valueToTree(this);
        all.setAll(settings);
        try {
            return WireJson.MAPPER.treeToValue(all, Behaviour.class);
        } catch (UnrecognizedPropertyException e) {
            String name = e.getPropertyName();
            throw new BadSetting(
                    name, "Unknown setting '%s'; known are %s.".formatted(name, names()));
        } catch (ValueInstantiationException e) {
            if (e.getCause() instanceof BadSetting bad) {
                throw bad;
            }
            String name = e.getPath().isEmpty() ? null : e.getPath().getFirst().getFieldName();
            String why = e.getCause() == null ? e.getOriginalMessage() : e.getCause().getMessage();
            throw new BadSetting(name, "Setting '%s' does not fit: %s".formatted(name, why));
        } catch (InvalidFormatException e) {
            String name = e.getPath().getFirst().getFieldName();
            String hint =
                    e.getTargetType() == Duration.class
                            ? "; write a duration like 200ms or 2s"
                            : "";
            throw new BadSetting(
                    name, "Setting '%s' cannot be '%s'%s.".formatted(name, e.getValue(), hint));
        } catch (JsonMappingException e) {
            String name = e.getPath().isEmpty() ? null : e.getPath().getFirst().getFieldName();
            throw new BadSetting(
                    name, "Setting '%s' does not fit: %s".formatted(name, e.getOriginalMessage()));
        } catch (JsonProcessingException e) {
            throw new BadSetting(null, e.getOriginalMessage());
        }
    }

    /// The names of all settings, as they are written in JSON.
    static List<String> names() {
        ObjectNode all = WireJson.MAPPER.valueToTree(WELL_BEHAVED);
        return all.properties().stream().map(Map.Entry::getKey).toList();
    }

    /// This behaviour with what one request asks for. A request that names its own fault does not
    /// inherit how often the default one applies, nor what it says about trying again.
    Behaviour overlaidBy(ObjectNode marker) {
        for (String name : DEFAULT_ONLY) {
            if (marker.has(name)) {
                throw new BadSetting(
                        name, "Setting '" + name + "' belongs to the default behaviour only.");
            }
        }
        if (!marker.has("fault")) {
            return with(marker);
        }
        ObjectNode settings = WireJson.MAPPER.createObjectNode();
        settings.putNull("times").put("each", false).put("rate", 1).putNull("lasts");
        settings.putNull("retry_after").putNull("retry_after_ms").putNull("retry_after_date");
        settings.setAll(marker);
        return with(settings);
    }

    private static void given(@Nullable Object value, String name) {
        if (value == null) {
            throw new BadSetting(name, name + " must not be null.");
        }
    }

    private static void oneOf(
            @Nullable Object one, @Nullable Object other, String name, String otherName) {
        if (one != null && other != null) {
            throw new BadSetting(name, "Set " + name + " or " + otherName + ", not both.");
        }
    }

    private static void atLeast(int least, @Nullable Integer value, String name) {
        if (value != null && value < least) {
            throw new BadSetting(name, name + " must be at least " + least + ".");
        }
    }

    /// A setting that does not exist or does not fit; the message says which and why.
    static final class BadSetting extends IllegalArgumentException {
        private static final long serialVersionUID = 1;
        private final @Nullable String setting;

        BadSetting(@Nullable String setting, String message) {
            super(message);
            this.setting = setting;
        }

        @Nullable String setting() {
            return setting;
        }
    }
}
