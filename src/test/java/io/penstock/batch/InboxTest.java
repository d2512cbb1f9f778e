package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class InboxTest {

    private static final long LONG = TimeUnit.MINUTES.toNanos(1);

    @Test
    void everyMessageComesOnceAndEachSendersInTheirOrder() throws InterruptedException {
        Inbox<int[]> inbox = new Inbox<>(3);
        for (int sender = 0; sender < 20; sender++) {
            int from = sender;
            Thread.ofVirtual()
                    .start(() -> {
                        for (int i = 0; i < 100; i++) {
                            inbox.send(new int[] {from, i});
                        }
                    });
        }

        int[] next = new int[20];
        for (int count = 0; count < 2000; ) {
            List<int[]> taken = inbox.take(LONG);
            assertThat(taken.size()).isLessThanOrEqualTo(3);
            for (int[] message : taken) {
                assertThat(message[1]).isEqualTo(next[message[0]]++);
                count++;
            }
        }
        assertThat(inbox.take(1)).isEmpty();
    }

    @Test
    void anInterruptedSenderStillSends() throws InterruptedException {
        Inbox<String> inbox = new Inbox<>(1);
        inbox.send("first");
        List<Boolean> interrupted = new ArrayList<>();
        Thread sender =
                Thread.ofVirtual()
                        .start(() -> {
                            inbox.send("second");
                            interrupted.add(Thread.currentThread().isInterrupted());
                        });
        sender.interrupt();

        assertThat(inbox.take(LONG)).containsExactly("first");
        assertThat(inbox.take(LONG)).containsExactly("second");
        sender.join();
        assertThat(interrupted).containsExactly(true);
    }

    @Test
    void knowsSinceWhenMessagesHaveWaited() throws InterruptedException {
        Inbox<String> inbox = new Inbox<>(9);
        inbox.send("first");
        long sent = System.nanoTime();
        inbox.send("second");

        inbox.take(LONG);

        assertThat(inbox.takenNanos() - sent).isLessThanOrEqualTo(0);
    }

    @Test
    void closingLetsTheSendersGoAndGivesWhatWasNotTaken() throws InterruptedException {
        Inbox<String> inbox = new Inbox<>(1);
        inbox.send("first");
        CountDownLatch gone = new CountDownLatch(2);
        for (int i = 0; i < 2; i++) {
            Thread.ofVirtual()
                    .start(() -> {
                        inbox.send("late");
                        gone.countDown();
                    });
        }

        assertThat(inbox.close()).containsExactly("first");

        assertThat(gone.await(1, TimeUnit.MINUTES)).isTrue();
        assertThat(inbox.close()).isEmpty();
    }
}
