package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A caller's key, without what would let anybody use it. Immutable; each change gives the next
/// version, to be stored by [CallerKeys#write].
///
/// @param version from 1, up by one with each write
/// @param seesOthers whether it may see the batches and files of other keys
/// @param admin whether it may make, change and end keys
/// @param endsAt from when on it opens nothing; null for never
/// @param secrets that open the key, the newest last
public record CallerKey(
        Owner owner,
        long version,
        boolean seesOthers,
        boolean admin,
        Instant createdAt,
        @Nullable Instant endsAt,
        List<Secret> secrets) {

    /// By what a secret is recognized.
    ///
    /// @param hash SHA-256 of salt and secret, in hexadecimal digits
    /// @param until when it opens nothing more, since another has taken its place; null while none
    ///   has
    public record Secret(String salt, String hash, @Nullable Instant until) {

        /// The same secret, which opens the key until `end` at the latest.
        Secret endingAt(Instant end) {
            return new Secret(salt, hash, until == null || end.isBefore(until) ? end : until);
        }

        boolean isGood(Instant now) {
            return until == null || now.isBefore(until);
        }
    }

    public CallerKey {
        secrets = List.copyOf(secrets);
    }

    public boolean hasEnded(Instant now) {
        return endsAt != null && !now.isBefore(endsAt);
    }

    /// How many secrets open the key.
    public long goodSecrets(Instant now) {
        return hasEnded(now) ? 0 : secrets.stream().filter(secret -> secret.isGood(now)).count();
    }

    /// The next version, with one more secret.
    ///
    /// @param until when the others end
    public CallerKey rotated(Secret next, Instant now, Instant until) {
        List<Secret> all = new ArrayList<>();
        secrets.stream()
                .filter(secret -> secret.isGood(now))
                .map(secret -> secret.endingAt(until))
                .forEach(all::add);
        all.add(next);
        return new CallerKey(owner, version + 1, seesOthers, admin, createdAt, endsAt, all);
    }

    /// The next version, ended.
    public CallerKey ended(Instant at) {
        return new CallerKey(owner, version + 1, seesOthers, admin, createdAt, at, secrets);
    }

    String toJson() {
        ObjectNode json =
                owner.toJson()
                        .put("version", version)
                        .put("sees_others", seesOthers)
                        .put("admin", admin);
        StoredJson.put(json, "created_at", createdAt);
        StoredJson.put(json, "ends_at", endsAt);
        ArrayNode all = json.putArray("secrets");
        for (Secret secret : secrets) {
            ObjectNode one = all.addObject().put("salt", secret.salt).put("hash", secret.hash);
            StoredJson.put(one, "until", secret.until);
        }
        return json.toString();
    }

    static CallerKey fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        Owner owner = Owner.of(json);
        if (owner == null) {
            throw new StoreException("A stored key is no object");
        }
        List<Secret> secrets = new ArrayList<>();
        for (JsonNode one : json.path("secrets")) {
            secrets.add(
                    new Secret(
                            one.path("salt").asText(),
                            one.path("hash").asText(),
                            StoredJson.instant(one, "until")));
        }
        return new CallerKey(
                owner,
                json.path("version").asLong(),
                json.path("sees_others").asBoolean(),
                json.path("admin").asBoolean(),
                StoredJson.requiredInstant(json, "created_at"),
                StoredJson.instant(json, "ends_at"),
                secrets);
    }
}
