package io.penstock.dev;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/// What goes wrong: one fault, or several that are equally likely, written `reset,html`. Immutable.
record FaultMix(List<Fault> kinds) {
    static final FaultMix NONE = new FaultMix(List.of(Fault.NONE));

    @JsonCreator
    static FaultMix parse(String text) {
        return new FaultMix(Arrays.stream(text.split(",", -1)).map(Fault::named).toList());
    }

    @JsonValue
    String text() {
        return kinds.stream().map(Fault::wireName).collect(Collectors.joining(","));
    }

    /// One of them; the dice are thrown only where there are several.
    Fault any(RandomGenerator dice) {
        return kinds.get(kinds.size() == 1 ? 0 : dice.nextInt(kinds.size()));
    }
}
