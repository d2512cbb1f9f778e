package io.penstock.tasks;

import io.penstock.json.Fields;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.build.compatible.spi.Parameters;
import jakarta.enterprise.inject.build.compatible.spi.SyntheticBeanCreator;
import jakarta.enterprise.invoke.Invoker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The tasks that [TaskDiscovery] has found, with what calls them. Immutable.
///
/// @param classes of their parameters, by name
record FoundTasks(List<Found> tasks, Map<String, Class<?>> classes) {

    static final String SIGNATURES = "signatures";
    static final String INVOKERS = "invokers";
    static final String CLASSES = "classes";

    /// @param method calls it through its interceptors, on an instance that it looks up
    record Found(Signature signature, Invoker<Object, Object> method) {}

    /// Public with a public constructor, as the container makes it.
    public static final class Creator implements SyntheticBeanCreator<FoundTasks> {

        @Override
        @SuppressWarnings("unchecked")
        public FoundTasks create(Instance<Object> lookup, Parameters params) {
            String[] signatures = params.get(SIGNATURES, String[].class);
            Invoker<Object, Object>[] invokers = params.get(INVOKERS, Invoker[].class);
            List<Found> tasks = new ArrayList<>();
            for (int i = 0; i < signatures.length; i++) {
                tasks.add(new Found(signature(signatures[i]), invokers[i]));
            }
            Map<String, Class<?>> classes = new HashMap<>();
            for (Class<?> one : params.get(CLASSES, Class[].class)) {
                classes.put(one.getName(), one);
            }
            return new FoundTasks(List.copyOf(tasks), Map.copyOf(classes));
        }

        private static Signature signature(String json) {
            try {
                return Signature.of(Fields.JSON.readTree(json));
            } catch (IOException damaged) {
                throw new IllegalStateException("It was written when this was built", damaged);
            }
        }
    }
}
