package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EventsTest {

    @Test
    void takesDataOfWholeEventsAndPassesOverTheRest() {
        assertThat(
                        events(
                                """
                                : comment
                                event: message
                                data: one

                                data:two
                                data: lines
                                id: 7

                                retry: 10

                                data

                                data: cut off\
                                """))
                .containsExactly("one", "two\nlines");
    }

    @Test
    void knowsEveryLineEnd() {
        assertThat(events("data: a\r\n\r\ndata: b\r\rdata: c\n\n")).containsExactly("a", "b", "c");
    }

    @Test
    void aByteOrderMarkAtTheStartIsNoText() {
        assertThat(events("\uFEFFdata: a\n\ndata: \uFEFFb\n\n")).containsExactly("a", "\uFEFFb");
    }

    @Test
    void itDoesNotMatterWhereTheBytesAreCut() {
        String stream = "data: {\"a\":\"ä€😀\"}\r\n\r\n: x\r\ndata: b\n\ndata: c\r\r";
        List<String> whole = events(stream);
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        byte[] bytes = Buffer.buffer(stream).getBytes();

        for (int round = 0; round < 500; round++) {
            Events events = new Events();
            List<String> taken = new ArrayList<>();
            int from = 0;
            while (from < bytes.length) {
                int to = Math.min(bytes.length, from + 1 + random.nextInt(5));
                events.add(Buffer.buffer(java.util.Arrays.copyOfRange(bytes, from, to)));
                drain(events, taken);
                from = to;
            }
            assertThat(taken).isEqualTo(whole).hasSize(3);
        }
    }

    @Test
    void anEventHasItsNameAndOneOutsideOfUtf8HasNoData() {
        Events events = new Events();
        events.add(Buffer.buffer("event: error\ndata: a\n\ndata: b\n"));
        events.add(
                Buffer.buffer(new byte[] {'d', 'a', 't', 'a', ':', (byte) 0xC3, '(', '\n', '\n'}));

        assertThat(events.next()).isEqualTo(new Events.Event("error", "a"));
        assertThat(events.next()).isEqualTo(new Events.Event("", null));
    }

    @Test
    void whatTheEndCutsOffIsAnEventWhenTheEndIsCalled() {
        Events events = new Events();
        events.add(Buffer.buffer("data: [DONE]"));
        assertThat(events.next()).isNull();

        events.end();

        assertThat(events.next()).isEqualTo(new Events.Event("", "[DONE]"));
    }

    private static List<String> events(String stream) {
        Events events = new Events();
        events.add(Buffer.buffer(stream));
        List<String> taken = new ArrayList<>();
        drain(events, taken);
        return taken;
    }

    private static void drain(Events events, List<String> taken) {
        for (Events.Event event = events.next(); event != null; event = events.next()) {
            taken.add(String.valueOf(event.data()));
        }
    }
}
