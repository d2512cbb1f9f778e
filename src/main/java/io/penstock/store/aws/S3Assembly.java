package io.penstock.store.aws;

import io.penstock.store.Payloads;

/// An upload that several processes may make, one after the other. Bytes that fill no part yet are
/// kept in an object beside it.
final class S3Assembly extends Payloads.Assembly {

    private final Parts parts;

    S3Assembly(Parts parts) {
        this.parts = parts;
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        parts.write(bytes, offset, length);
    }

    @Override
    public String checkpoint() {
        return parts.checkpoint();
    }

    @Override
    public void publish() {
        parts.publish();
    }

    /// The bucket's rule removes the parts of an upload that nobody goes on with.
    @Override
    public void close() {}
}
