package io.penstock.store;

import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// All that an engine has to know of jobs, chunks, files, budgets and streams: documents with a
/// version. Thread-safe, and safe between processes: of two who want to write the same version one
/// does.
///
/// What a method has written is durable when it returns, and what it reads includes every write
/// that has returned; only [#glance], [#list] and [#live] may lag behind by a second. A document
/// past its end may still be stored and is never returned.
///
/// Every method but [#isShared] and [#clock] throws [StoreException] when the store cannot be
/// reached or refuses; trying again later makes sense.
public interface Documents {

    /// Whether other processes may use the same store. If not, what this process knows is all there
    /// is to know. Neither this nor [#clock] opens the store.
    boolean isShared();

    /// The time that all processes agree upon, however wrong their own clocks are.
    Clock clock();

    /// The text of a document.
    Optional<String> read(Document.Key key);

    /// The text of a document, at half the price where reads are paid for.
    Optional<String> glance(Document.Key key);

    /// Counts one more at a key that has no document.
    ///
    /// @param until when the count is forgotten
    /// @return the count
    long count(Document.Key key, Instant until);

    /// Writes a document whose stored version is one below `next`'s. Version 1 is a new one: it is
    /// written where there is none, or one past its end; an engine that does not remove those by
    /// itself may refuse it as long as that one is stored.
    ///
    /// A write that is carried out is true, also when its answer was lost on the way and it had to
    /// be repeated.
    ///
    /// @return false when the stored version is another; nothing has changed then
    boolean write(Document next);

    /// Gives a document another text, whatever its version, which goes up by one.
    ///
    /// @return false when there is none; nothing has changed then
    boolean amend(Document.Key key, String text);

    /// Writes a document, whatever was there.
    void put(Document document);

    /// Writes [numbered][Document.Key#numbered] documents of one group, whatever was there. Each is
    /// open until it is [closed][#close].
    void putOpen(List<Document> documents);

    /// Notes that a document which was put open is done; noting it again changes nothing.
    ///
    /// @param until when the note is forgotten
    /// @return whether none of its group is open now
    boolean close(Document.Key key, Instant until);

    /// The texts of a group in the order of their names.
    List<String> group(Kind kind, String group);

    /// The texts of a kind's list.
    ///
    /// @param after the document before the page's first, or null to start at the beginning; when
    ///   it is not stored, nothing comes after it
    List<String> list(Kind kind, Document.@Nullable Key after, int limit, boolean oldestFirst);

    /// The texts of those in a kind's list that are live, in the order of their positions.
    ///
    /// @param after the position before the page's first, or null to start at the beginning
    List<String> live(Kind kind, @Nullable String after, int limit);

    /// Texts of some that are in a kind's list, past their end and still stored, where the engine
    /// does not remove them by itself.
    List<String> outlived(Kind kind);

    /// Removes a document. Removing what is not there changes nothing.
    void delete(Document.Key key);

    /// Removes a group, in any order.
    void deleteGroup(Kind kind, String group);
}
