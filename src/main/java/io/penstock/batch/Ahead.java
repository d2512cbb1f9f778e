package io.penstock.batch;

import io.penstock.store.StoreException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.IntFunction;
import java.util.function.IntToLongFunction;

/// Reads values in their order, a few of them before they are taken. Not thread-safe.
final class Ahead<T> implements AutoCloseable {

    /// A value that is being read, or is read and not taken yet.
    private record Fetch<T>(FutureTask<T> task, long weight) {}

    private final int count;
    private final IntFunction<T> read;
    private final IntToLongFunction weights;
    private final int most;
    private final long heaviest;
    private final Queue<Fetch<T>> begun = new ArrayDeque<>();
    private int next;
    private long weight;

    /// @param count how many values there are
    /// @param read reads the value of an index, from 0
    /// @param weights the weight of each value, such as its bytes
    /// @param most values that are read and not taken, at most
    /// @param heaviest what these may weigh together; a single heavier value is read alone
    Ahead(int count, IntFunction<T> read, IntToLongFunction weights, int most, long heaviest) {
        this.count = count;
        this.read = read;
        this.weights = weights;
        this.most = most;
        this.heaviest = heaviest;
    }

    /// Takes the next value; there must be one.
    ///
    /// @throws StoreException when it could not be read, or this thread was interrupted
    T next() {
        begin();
        Fetch<T> first = begun.remove();
        try {
            T taken = first.task.get();
            weight -= first.weight;
            begin();
            return taken;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException("Interrupted while reading", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case StoreException failed -> throw failed;
                case RuntimeException unforeseen -> throw unforeseen;
                case Error error -> throw error;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    private void begin() {
        while (next < count && begun.size() < most) {
            long its = weights.applyAsLong(next);
            if (!begun.isEmpty() && weight + its > heaviest) {
                return;
            }
            int index = next++;
            FutureTask<T> task = new FutureTask<>(() -> read.apply(index));
            weight += its;
            begun.add(new Fetch<>(task, its));
            Thread.ofVirtual().name("reads").start(task);
        }
    }

    @Override
    public void close() {
        begun.forEach(one -> one.task.cancel(true));
        begun.clear();
    }
}
