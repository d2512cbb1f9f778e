package io.penstock.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.access.KeyIdentities;
import io.penstock.access.Keys;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.store.CallerKey;
import io.penstock.store.Owner;
import io.penstock.store.Spent;
import io.penstock.store.Tokens;
import io.penstock.store.UsageSheets;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// `GET /usage`: what keys have used, by day and model: a caller sees its own, an operator all, or
/// that of one `key`.
@Path("/usage")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@RunOnVirtualThread
public class UsageResource {

    private static final Set<String> OPTIONS = Set.of("key", "from", "to");
    private static final int DAYS_MAX = 366;

    /// Days of keys that one request reads; each is a read of the store.
    private static final int READS_MAX = 2_000;

    private final Keys keys;
    private final UsageSheets sheets;
    private final Callers callers;
    private final SecurityIdentity identity;

    UsageResource(Keys keys, UsageSheets sheets, Callers callers, SecurityIdentity identity) {
        this.keys = keys;
        this.sheets = sheets;
        this.callers = callers;
        this.identity = identity;
    }

    /// From the first of the month to today, unless the query says otherwise.
    @GET
    public String usage(@Context UriInfo uri) {
        Query query = Query.of(uri, OPTIONS);
        LocalDate today = sheets.today();
        LocalDate from = day(query, "from", today.withDayOfMonth(1));
        LocalDate to = day(query, "to", today);
        if (from.isAfter(to) || from.plusDays(DAYS_MAX).isBefore(to)) {
            throw InvalidRequest.of(
                    "from",
                    "out_of_range",
                    "\"from\" must be a day before \"to\", " + DAYS_MAX + " days at most.");
        }
        List<Owner> owners = owners(query.text("key"));
        if (owners.size() * (from.until(to, ChronoUnit.DAYS) + 1) > READS_MAX) {
            throw InvalidRequest.of(
                    "key",
                    "out_of_range",
                    "Days and keys make more than "
                            + READS_MAX
                            + ": ask for one \"key\", or for fewer days by \"from\" and \"to\".");
        }
        ObjectNode json = Fields.JSON.createObjectNode().put("object", "list");
        json.put("from", from.toString()).put("to", to.toString());
        ArrayNode data = json.putArray("data");
        for (Owner owner : owners) {
            from.datesUntil(to.plusDays(1))
                    .forEach(date -> rows(owner, date, sheets.of(owner.id(), date), data));
        }
        return json.toString();
    }

    private List<Owner> owners(@Nullable String id) {
        Owner own = callers.owner();
        boolean isAdmin = identity.hasRole(KeyIdentities.ADMIN);
        if (id == null && isAdmin) {
            return keys.all().stream().map(CallerKey::owner).toList();
        }
        if (own != null && (id == null || own.id().equals(id))) {
            return List.of(own);
        }
        return Optional.ofNullable(id)
                .filter(_ -> isAdmin)
                .flatMap(keys::find)
                .map(CallerKey::owner)
                .map(List::of)
                .orElseThrow(() ->
                        Problem.refused(404, "not_found", "There is no key of this id.")
                                .exception());
    }

    private static void rows(
            Owner owner, LocalDate date, Map<String, Spent> byModel, ArrayNode data) {
        byModel.forEach((model, spent) -> {
            Tokens tokens = spent.tokens();
            data.addObject()
                    .put("date", date.toString())
                    .put("key", owner.id())
                    .put("name", owner.name())
                    .put("model", model)
                    .put("requests", spent.requests())
                    .put("prompt_tokens", tokens.prompt())
                    .put("completion_tokens", tokens.completion())
                    .put("cached_tokens", tokens.cached())
                    .put("reasoning_tokens", tokens.reasoning())
                    .put("cost", tokens.cost())
                    .put("requests_of_unknown_cost", spent.unknown());
        });
    }

    private static LocalDate day(Query query, String name, LocalDate unset) {
        String text = query.text(name);
        try {
            return text == null ? unset : LocalDate.parse(text);
        } catch (DateTimeParseException noDay) {
            throw InvalidRequest.of(
                    name, "out_of_range", "\"" + name + "\" must be a day such as 2026-11-30.");
        }
    }
}
