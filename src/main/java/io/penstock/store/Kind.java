package io.penstock.store;

/// The kinds of documents.
///
/// | kind | group | name | listed | until |
/// |---|---|---|---|---|
/// | job | its id | | by its creation, live while not terminal | its retention ends |
/// | chunk | its job's area | its index | | its job is gone for certain |
/// | merge | its job's area | | | as the chunks |
/// | sums | its job's area | | | nobody has asked for an hour |
/// | file | its id | | by its creation | it expires |
/// | budget | its name | | | nobody has used it for long |
/// | stream | its connection | its id | | it has ended for certain |
/// | key | its id | | by its creation | far off |
/// | usage | its key's id and the day | its share | | 400 days after it |
/// | announcement | its job's id | | | the job's retention ends |
public enum Kind {
    JOB("J#"),
    CHUNK("C#"),
    MERGE("M#"),
    SUMS("T#"),
    FILE("F#"),
    BUDGET("B#"),
    STREAM("S#"),
    ANNOUNCEMENT("A#"),
    KEY("K#"),
    USAGE("U#");

    private final String prefix;

    Kind(String prefix) {
        this.prefix = prefix;
    }

    /// What its keys begin with where all kinds share one space.
    public String prefix() {
        return prefix;
    }

    /// As it is called in messages.
    public String word() {
        return switch (this) {
            case JOB -> "job";
            case CHUNK -> "chunk";
            case MERGE -> "merge";
            case SUMS -> "sum";
            case FILE -> "file";
            case BUDGET -> "budget";
            case STREAM -> "stream";
            case ANNOUNCEMENT -> "announcement of job";
            case KEY -> "key";
            case USAGE -> "usage of key";
        };
    }
}
