package io.penstock.access;

import io.penstock.store.CallerKey;
import io.penstock.store.CallerKey.Secret;
import io.penstock.store.CallerKeys;
import io.penstock.store.Owner;
import io.penstock.store.StoreException;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The callers' keys: recognizes them, and makes, changes and ends them. A key that is changed or
/// ended is so in every process within two seconds. Thread-safe.
///
/// Every method throws [StoreException] when the store cannot be reached; trying again makes sense.
@ApplicationScoped
public class Keys {

    /// How long the old secret is good after a rotation, unless somebody says otherwise.
    public static final Duration OVERLAP = Duration.ofDays(7);

    private static final Duration FRESH = Duration.ofSeconds(2);
    private static final int KNOWN_MAX = 10_000;
    private static final int SHOWN_MAX = 200;
    private static final int PAGE = 100;

    private final CallerKeys keys;
    private final Map<String, CachedKey> known = new ConcurrentHashMap<>();

    private record CachedKey(CallerKey key, long readAtNanos) {}

    Keys(CallerKeys keys) {
        this.keys = keys;
    }

    /// A key with what opens it, which is told now and never again.
    public record Made(CallerKey key, String text) {

        /// Not the key itself, which may be written nowhere.
        @Override
        public String toString() {
            return "Made[" + key.owner().id() + "]";
        }
    }

    /// What a caller's key came to.
    public sealed interface Shown {

        /// It opens.
        record Valid(CallerKey key) implements Shown {}

        /// It did, and does no more.
        record Ended(Instant at) implements Shown {}

        /// Nobody has made it.
        record Unknown() implements Shown {}
    }

    /// Whether this looks like a key, and not like another's token.
    public static boolean isMeant(@Nullable String text) {
        return text != null && text.startsWith(Secrets.START);
    }

    /// Recognizes a key.
    public Shown recognize(String text) {
        String rest = text.length() > SHOWN_MAX ? "" : text.substring(Secrets.START.length());
        int dash = rest.indexOf('-');
        String id = dash < 0 ? "" : rest.substring(0, dash);
        String secret = rest.substring(dash + 1);
        Optional<CallerKey> found = id.matches("[a-z0-9]{1,32}") ? recent(id) : Optional.empty();
        if (found.isEmpty()) {
            Secrets.isNone(secret);
            return new Shown.Unknown();
        }
        CallerKey key = found.get();
        Instant now = keys.now();
        for (Secret one : key.secrets()) {
            if (Secrets.isSame(one, secret)) {
                Instant until = one.until();
                if (key.hasEnded(now)) {
                    return new Shown.Ended(key.endsAt() == null ? now : key.endsAt());
                }
                return until == null || now.isBefore(until)
                        ? new Shown.Valid(key)
                        : new Shown.Ended(until);
            }
        }
        return new Shown.Unknown();
    }

    private Optional<CallerKey> recent(String id) {
        long now = System.nanoTime();
        CachedKey last = known.get(id);
        if (last != null && now - last.readAtNanos < FRESH.toNanos()) {
            return Optional.of(last.key);
        }
        Optional<CallerKey> read = keys.glance(id);
        if (known.size() >= KNOWN_MAX) {
            known.clear();
        }
        if (read.isPresent()) {
            known.put(id, new CachedKey(read.get(), now));
        } else {
            known.remove(id);
        }
        return read;
    }

    /// Whether there is no key at all.
    public boolean none() {
        return keys.list(null, 1).isEmpty();
    }

    public Made make(KeyRequest asked) {
        String secret = Secrets.secret();
        CallerKey key =
                new CallerKey(
                        new Owner(Secrets.id(), asked.name(), asked.grant()),
                        1,
                        asked.seesOthers(),
                        asked.admin(),
                        keys.now(),
                        asked.endsAt(),
                        List.of(Secrets.hashed(secret)));
        if (!keys.write(key)) {
            throw new StoreException("A key of this id is there already; try again");
        }
        return made(key, secret);
    }

    private static Made made(CallerKey key, String secret) {
        return new Made(key, Secrets.START + key.owner().id() + "-" + secret);
    }

    public Optional<CallerKey> find(String id) {
        return keys.find(id);
    }

    /// All keys, also those that have ended, in the order in which they were made.
    public List<CallerKey> all() {
        List<CallerKey> all = new ArrayList<>(keys.list(null, PAGE));
        List<CallerKey> page = all;
        while (page.size() == PAGE) {
            page = keys.list(page.getLast().owner().id(), PAGE);
            all.addAll(page);
        }
        return all;
    }

    /// Gives a key another secret; the one before is good for `overlap` more.
    ///
    /// @return empty when there is no such key
    public Optional<Made> rotate(String id, Duration overlap) {
        String secret = Secrets.secret();
        Secret next = Secrets.hashed(secret);
        Instant now = keys.now();
        return change(id, key -> key.rotated(next, now, now.plus(overlap)))
                .map(key -> made(key, secret));
    }

    /// Ends a key. Its batches go on; whoever wants them cancelled cancels them.
    ///
    /// @return empty when there is no such key
    public Optional<CallerKey> end(String id) {
        Instant now = keys.now();
        return change(id, key -> key.hasEnded(now) ? key : key.ended(now));
    }

    private interface Change {
        CallerKey next(CallerKey key);
    }

    private Optional<CallerKey> change(String id, Change change) {
        while (true) {
            Optional<CallerKey> found = keys.find(id);
            if (found.isEmpty()) {
                return found;
            }
            CallerKey next = change.next(found.get());
            if (next.equals(found.get()) || keys.write(next)) {
                known.remove(id);
                return Optional.of(next);
            }
        }
    }
}
