package io.penstock.batch;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.BooleanSupplier;

/// A stream that can be read for as long as there is time, such as a worker has.
final class Patience extends FilterInputStream {

    private final BooleanSupplier lasts;

    Patience(InputStream in, BooleanSupplier lasts) {
        super(in);
        this.lasts = lasts;
    }

    /// The time was up before the end of the stream.
    static final class RanOut extends IOException {

        private static final long serialVersionUID = 1L;

        RanOut() {
            super("There is no time to read on");
        }
    }

    @Override
    public int read() throws IOException {
        check();
        return in.read();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        check();
        return in.read(bytes, offset, length);
    }

    private void check() throws RanOut {
        if (!lasts.getAsBoolean()) {
            throw new RanOut();
        }
    }
}
