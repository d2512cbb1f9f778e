package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Tokens;
import java.util.List;

/// How far a job is.
public record Progress(Counts counts, Tokens tokens) {

    static final Progress NONE = new Progress(Counts.NONE, Tokens.NONE);

    /// The sum of what is recorded in its chunks.
    static Progress of(List<Chunk> chunks) {
        Counts counts = Counts.NONE;
        Tokens tokens = Tokens.NONE;
        for (Chunk chunk : chunks) {
            counts = counts.plus(chunk.counts());
            tokens = tokens.plus(chunk.tokens());
        }
        return new Progress(counts, tokens);
    }
}
