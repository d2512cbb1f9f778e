package io.penstock.access;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.store.CallerKey;
import java.time.Instant;

/// A key as its operator sees it: `{"id","name","status","models","requests_per_minute",
/// "tokens_per_minute","calls_at_once","spend_per_day","spend_per_month","sees_others","admin",
/// "created_at","ends_at","secrets"}`, where `secrets` says how many open it, and `key` once, when
/// it was made.
public final class KeyJson {

    private KeyJson() {}

    public static ObjectNode of(CallerKey key, Instant now) {
        ObjectNode json =
                Fields.JSON
                        .createObjectNode()
                        .put("id", key.owner().id())
                        .put("name", key.owner().name())
                        .put("status", key.hasEnded(now) ? "ended" : "active");
        key.owner().grant().put(json);
        Instant endsAt = key.endsAt();
        return json.put("sees_others", key.seesOthers())
                .put("admin", key.admin())
                .put("created_at", key.createdAt().toString())
                .put("ends_at", endsAt == null ? null : endsAt.toString())
                .put("secrets", key.goodSecrets(now));
    }

    public static ObjectNode of(Keys.Made made, Instant now) {
        return of(made.key(), now).put("key", made.text());
    }
}
