package io.penstock.store;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A stored record. Immutable.
///
/// @param version from 1, up by one with each [Documents#write]
/// @param until from when on it is as good as gone, whether it is still stored or not
/// @param text what is stored, as JSON
/// @param position its place in the list of its kind; null when it is in none
/// @param live whether it is in the list of documents that still need work, such as jobs that have
///   not ended
public record Document(
        Key key,
        long version,
        Instant until,
        String text,
        @Nullable String position,
        boolean live) {

    /// Names a document.
    ///
    /// @param group documents of one group are stored together and read in the order of their names
    /// @param name may be empty, for a group of one
    public record Key(Kind kind, String group, String name) {

        private static final int DIGITS = 8;

        /// The key of a group's only document.
        public Key(Kind kind, String group) {
            this(kind, group, "");
        }

        /// The key of a document that has a number, in the order of which it is read.
        public static Key numbered(Kind kind, String group, int number) {
            return new Key(kind, group, padded(number, DIGITS));
        }

        /// The number of a [numbered][#numbered] document.
        public int number() {
            return Integer.parseInt(name);
        }

        /// The document's name in messages.
        @Override
        public String toString() {
            return kind.word() + " " + group + (name.isEmpty() ? "" : "/" + name);
        }
    }

    /// A document in no list.
    public Document(Key key, long version, Instant until, String text) {
        this(key, version, until, text, null, false);
    }

    /// The same document in the list of its kind, which is ordered by time and then by group.
    public Document listed(Instant at, boolean isLive) {
        return new Document(
                key, version, until, text, padded(at.toEpochMilli(), 15) + "#" + key.group, isLive);
    }

    /// The number with leading zeros, so that texts sort as numbers do.
    private static String padded(long number, int digits) {
        String written = Long.toString(number);
        return "0".repeat(Math.max(0, digits - written.length())) + written;
    }
}
