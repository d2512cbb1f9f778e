package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What a key has used on one day, as its sources say it.
class UsageSheetTest {

    private static Spent spent(long requests, long promptTokens) {
        return new Spent(requests, new Tokens(promptTokens, 0, promptTokens * 10, 0, 0, 0), 0);
    }

    @Test
    void whatASourceSaysAgainChangesNothing() {
        UsageSheet once =
                UsageSheet.EMPTY.with("b/1", spent(2, 20), Map.of("m", spent(2, 20)), "m");

        assertThat(once.with("b/1", spent(2, 20), Map.of("m", spent(2, 20)), "m")).isSameAs(once);
        assertThat(once.byModel()).isEqualTo(Map.of("m", spent(2, 20)));
    }

    @Test
    void whatComesLateAndSaysLessChangesNothing() {
        UsageSheet now = UsageSheet.EMPTY.with("b/1", spent(5, 50), Map.of("m", spent(5, 50)), "m");

        assertThat(now.with("b/1", spent(3, 30), Map.of("m", spent(3, 30)), "m")).isSameAs(now);
    }

    @Test
    void whatNobodySaysTheModelOfIsPutDownToTheOther() {
        // A worker died after its results were written and before they were noted.
        UsageSheet sheet = UsageSheet.EMPTY.with("b/1", spent(2, 20), Map.of(), "asked-for");

        assertThat(sheet.byModel())
                .isEqualTo(Map.of("asked-for", new Spent(0, spent(2, 20).tokens(), 0)));
    }

    @Test
    void itIsReadAsItWasWritten() {
        UsageSheet sheet =
                UsageSheet.EMPTY
                        .with("b/1", spent(2, 20), Map.of("m", spent(2, 20)), "m")
                        .with("b/2", spent(1, 7), Map.of("n", spent(1, 7)), "n");

        assertThat(UsageSheet.fromJson(sheet.toJson())).isEqualTo(sheet);
    }

    @Test
    void noSheetGrowsWithABatch() {
        Map<String, Long> chunksOfASheet =
                IntStream.range(0, 10_000)
                        .mapToObj(index -> UsageSheets.Source.chunk("area", index).share())
                        .collect(Collectors.groupingBy(share -> share, Collectors.counting()));

        assertThat(chunksOfASheet.values())
                .allSatisfy(count -> assertThat(count).isBetween(1L, 64L));
    }
}
