package io.penstock.store;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;

/// What callers' keys have used, by day (in UTC) and model. Thread-safe, and safe between
/// processes.
///
/// A day's sums are parted by their sources, so that processes seldom write the same record, and no
/// record grows with the size of a batch.
///
/// Every method but [#today] throws [StoreException] when the store cannot be reached or refuses;
/// trying again later makes sense.
@ApplicationScoped
public class UsageSheets {

    /// What is read for a day is at most so many records.
    private static final int SHARES = 4096;

    /// Chunks of one batch whose sums are in one record: a few kilobytes.
    private static final int CHUNKS = 64;

    /// Processes that make calls in person put them down in so many records.
    private static final int IN_PERSON = 16;

    private static final Duration KEPT = Duration.ofDays(400);
    private static final int PAUSE_MAX_MILLIS = 20;

    private final Documents documents;

    /// Who says what was used.
    ///
    /// @param name unique on its day
    /// @param share sources of one share are in one record
    public record Source(String name, String share) {

        public static Source chunk(String area, int index) {
            return new Source(area + "/" + index, area + "/" + index / CHUNKS);
        }

        /// A process that makes calls in person.
        public static Source process(String id) {
            return new Source(
                    "in person " + id, "in person " + Math.floorMod(id.hashCode(), IN_PERSON));
        }
    }

    UsageSheets(Documents documents) {
        this.documents = documents;
    }

    /// The day by the store's time.
    public LocalDate today() {
        return day(documents.clock().instant());
    }

    public static LocalDate day(Instant moment) {
        return LocalDate.ofInstant(moment, ZoneOffset.UTC);
    }

    /// Notes what a source has come to in all; noting it again changes nothing.
    ///
    /// @param day on which it counts, always the same for one source
    /// @param parts what is new of it, by model
    /// @param otherModel to which the rest is put down
    public void note(
            String owner,
            LocalDate day,
            Source source,
            Spent inAll,
            Map<String, Spent> parts,
            String otherModel) {
        Document.Key key =
                Document.Key.numbered(
                        Kind.USAGE,
                        group(owner, day),
                        Math.floorMod(source.share().hashCode(), SHARES));
        Instant until = day.atStartOfDay(ZoneOffset.UTC).toInstant().plus(KEPT);
        while (true) {
            UsageSheet known =
                    documents.read(key).map(UsageSheet::fromJson).orElse(UsageSheet.EMPTY);
            UsageSheet next = known.with(source.name(), inAll, parts, otherModel);
            if (next.version() == known.version()
                    || documents.write(new Document(key, next.version(), until, next.toJson()))) {
                return;
            }
            pause();
        }
    }

    /// So that two who want to write the same do not meet again at once.
    private static void pause() {
        try {
            Thread.sleep(ThreadLocalRandom.current().nextInt(PAUSE_MAX_MILLIS));
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new StoreException("What was used is not noted: interrupted", stopping);
        }
    }

    /// What a key has used on a day, by model.
    public Map<String, Spent> of(String owner, LocalDate day) {
        Map<String, Spent> all = new TreeMap<>();
        for (String stored : documents.group(Kind.USAGE, group(owner, day))) {
            UsageSheet.fromJson(stored)
                    .byModel()
                    .forEach((model, spent) -> all.merge(model, spent, Spent::plus));
        }
        all.values().removeIf(Spent.NONE::equals);
        return all;
    }

    private static String group(String owner, LocalDate day) {
        return owner + "#" + day;
    }
}
