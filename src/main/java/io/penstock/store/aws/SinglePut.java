package io.penstock.store.aws;

import io.penstock.store.Payloads;

/// An upload that is made in one go.
final class SinglePut extends Payloads.Draft {

    private final Parts parts;
    private boolean open = true;

    SinglePut(Bucket bucket, String key) {
        parts = Parts.of(bucket, key, 0);
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        requireOpen();
        parts.write(bytes, offset, length);
    }

    @Override
    public void publish() {
        requireOpen();
        parts.publish();
        open = false;
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            parts.abort();
        }
    }

    private void requireOpen() {
        if (!open) {
            throw new IllegalStateException(parts.name() + " is closed");
        }
    }
}
