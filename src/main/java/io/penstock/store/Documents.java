package io.penstock.store;

import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// All that an engine has to know of jobs, chunks, files, budgets and streams: documents with a
/// version. Thread-safe, and safe between processes: of two that want to write the same version one
/// succeeds.
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

    /// Raises the count at a key; a key with a count has no document.
    ///
    /// @param until when the count is forgotten
    /// @return the count
    long count(Document.Key key, Instant until);

    /// Writes a document whose stored version is one below `next`'s. Version 1 is a new document:
    /// it is written where there is none, or one past its end. An engine that does not remove
    /// documents past their end by itself may refuse version 1 as long as the old one is stored.
    ///
    /// Returns true for a write that was carried out, also when its answer was lost and it was
    /// repeated.
    ///
    /// @return false when the stored version is another; nothing has changed then
    boolean write(Document next);

    /// Gives a document another text, whatever its version, which goes up by one.
    ///
    /// @return false when there is no such document; nothing has changed then
    boolean amend(Document.Key key, String text);

    /// Writes a document, whatever was there.
    void put(Document document);

    /// Writes [numbered][Document.Key#numbered] documents of one group where there are none: one
    /// that is there stays as it is, for a write may arrive after others have gone on from it. Each
    /// is open until it is [closed][#close].
    void putOpen(List<Document> documents);

    /// Notes that a document which was put open is done; noting it again changes nothing.
    ///
    /// @param until when the note is forgotten
    /// @return whether no document of the group is open now
    boolean close(Document.Key key, Instant until);

    /// The texts of a group in the order of their names.
    List<String> group(Kind kind, String group);

    /// The texts of a kind's list.
    ///
    /// @param after the document before the page's first, or null to start at the beginning; when
    ///   it is not stored, nothing comes after it
    List<String> list(Kind kind, Document.@Nullable Key after, int limit, boolean oldestFirst);

    /// The texts of the live documents in a kind's list, in the order of their positions.
    ///
    /// @param after the position before the page's first, or null to start at the beginning
    List<String> live(Kind kind, @Nullable String after, int limit);

    /// The texts of some documents in a kind's list that are past their end and still stored. Empty
    /// where the engine removes them by itself.
    List<String> outlived(Kind kind);

    /// Removes a document. Removing what is not there changes nothing.
    void delete(Document.Key key);

    /// Removes a group, in any order.
    void deleteGroup(Kind kind, String group);
}
