package io.penstock.batch;

import io.penstock.store.Payloads;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Payloads that say what is asked of them, and let a test answer first: by a pause, a failure, or
/// the death of who asks.
final class WatchedPayloads implements Payloads {

    private final Payloads payloads;
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private volatile Consumer<String> before = _ -> {};

    WatchedPayloads(Payloads payloads) {
        this.payloads = payloads;
    }

    /// What was asked since the last time, such as `read jobs/a/input.jsonl`.
    List<String> asked() {
        List<String> all = List.copyOf(asked);
        asked.clear();
        return all;
    }

    /// @param first is done before each request
    void before(Consumer<String> first) {
        before = first;
    }

    private String noted(String verb, String key) {
        asked.add(verb + " " + key);
        before.accept(verb + " " + key);
        return key;
    }

    @Override
    public Draft create(String key) {
        Draft draft = payloads.create(key);
        return new Draft() {
            @Override
            public void publish() {
                noted("publish", key);
                draft.publish();
            }

            @Override
            public void write(int b) throws IOException {
                draft.write(b);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                draft.write(bytes, offset, length);
            }

            @Override
            public void close() {
                draft.close();
            }
        };
    }

    @Override
    public Assembly begin(String key, long bytes) {
        noted("begin", key);
        return watched(key, payloads.begin(key, bytes));
    }

    @Override
    public Assembly resume(String key, String state) {
        noted("resume", key);
        return watched(key, payloads.resume(key, state));
    }

    private Assembly watched(String key, Assembly assembly) {
        return new Assembly() {
            @Override
            public void write(int b) throws IOException {
                assembly.write(b);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                assembly.write(bytes, offset, length);
            }

            @Override
            public String checkpoint() {
                noted("checkpoint", key);
                return assembly.checkpoint();
            }

            @Override
            public void publish() {
                noted("publish", key);
                assembly.publish();
            }

            @Override
            public void close() {
                assembly.close();
            }
        };
    }

    @Override
    public void put(String key, byte[] bytes) {
        payloads.put(noted("put", key), bytes);
    }

    @Override
    public InputStream read(String key, long offset, long length) {
        return payloads.read(noted("read", key), offset, length);
    }

    @Override
    public byte[] read(String key) {
        return payloads.read(noted("read", key));
    }

    @Override
    public void deleteAll(String prefix) {
        payloads.deleteAll(noted("delete", prefix));
    }

    @Override
    public void discard(String prefix) {
        payloads.discard(noted("discard", prefix));
    }

    @Override
    public Optional<Long> size(String key) {
        return payloads.size(noted("size", key));
    }

    @Override
    public Optional<String> tag(String key) {
        return payloads.tag(noted("size", key));
    }

    @Override
    public InputStream read(String key, String tag) {
        return payloads.read(noted("read", key), tag);
    }

    @Override
    public Optional<URI> uploadLink(String key, long bytes, Duration validity) {
        return payloads.uploadLink(key, bytes, validity);
    }

    @Override
    public Optional<URI> link(String key, Duration validity) {
        return payloads.link(key, validity);
    }

    @Override
    public String probe(String location) {
        return payloads.probe(noted("probe", location));
    }

    @Override
    public InputStream foreign(String location, @Nullable String tag) {
        return payloads.foreign(noted("read", location), tag);
    }
}
