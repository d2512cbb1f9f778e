package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Heard;
import io.penstock.store.Tokens;
import java.util.List;

/// How far a job is.
///
/// @param heard what its items were answered last
public record Progress(Counts counts, Tokens tokens, Heard heard) {

    static final Progress NONE = new Progress(Counts.NONE, Tokens.NONE, Heard.NOTHING);

    /// The sum of what is recorded in its chunks.
    static Progress of(List<Chunk> chunks) {
        Counts counts = Counts.NONE;
        Tokens tokens = Tokens.NONE;
        Heard heard = Heard.NOTHING;
        for (Chunk chunk : chunks) {
            counts = counts.plus(chunk.counts());
            tokens = tokens.plus(chunk.tokens());
            heard = heard.plus(chunk.heard());
        }
        return new Progress(counts, tokens, heard);
    }
}
