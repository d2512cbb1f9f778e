package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.json.InvalidRequest;
import io.penstock.llm.Prompt;
import org.junit.jupiter.api.Test;

/// What nobody foresaw in one item is that item's error and not its batch's end.
class ItemReaderTest {

    @Test
    void whateverEndsTheReadingOfAnItemIsARefusalOfIt() {
        for (Throwable unforeseen :
                new Throwable[] {
                    new NumberFormatException("Too many nonzero exponent digits."),
                    new ArithmeticException("Overflow"),
                    new IllegalStateException("Neither"),
                    new StackOverflowError()
                }) {
            assertThatThrownBy(() ->
                            ItemReader.total(() -> {
                                throw ItemReaderTest.<RuntimeException>unchecked(unforeseen);
                            }))
                    .isInstanceOf(InvalidRequest.class)
                    .extracting(refused -> ((InvalidRequest) refused).code())
                    .isEqualTo("unreadable_item");
        }
    }

    @Test
    void aRefusalAndAnItemPassThroughAsTheyAre() {
        InvalidRequest refused = InvalidRequest.of("a", "b", "c");
        Item item = new Item("i", Prompt.of("a"), null);

        assertThat(ItemReader.total(() -> item)).isSameAs(item);
        assertThatThrownBy(() ->
                        ItemReader.total(() -> {
                            throw refused;
                        }))
                .isSameAs(refused);
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> T unchecked(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
