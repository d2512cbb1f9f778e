package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The errors of vendors that tell them beside an answer, or in place of one with status 200, and
/// number them in their own way.
final class VendorError {

    private static final String FILTER = "content_filter";

    /// MiniMax, "Error Codes" (platform.minimax.io/docs/api-reference/errorcode).
    private static final Map<Integer, Integer> MINIMAX =
            byStatus(
                    new int[] {400, 1042, 2013},
                    new int[] {401, 1004, 2049},
                    new int[] {402, 1008},
                    new int[] {408, 1001},
                    // Of requests, tokens, connections, growth, and of five hours' use.
                    new int[] {429, 1002, 1039, 1041, 2045, 2056},
                    new int[] {500, 1000, 1024, 1033});

    private static final int MINIMAX_INPUT = 1026;
    private static final int MINIMAX_OUTPUT = 1027;

    /// Baidu, "错误码" (cloud.baidu.com/doc/WENXINWORKSHOP/s/tlmyncueh), and the names of its SDK
    /// (baidubce/bce-qianfan-sdk, `consts.py`). A day's limit, 17, is that of free use or of an
    /// account in arrears.
    private static final Map<Integer, Integer> BAIDU =
            byStatus(
                    new int[] {400, 100, 336001, 336002, 336003, 336104, 336105},
                    new int[] {401, 13, 14, 110, 111},
                    new int[] {402, 17, 19},
                    new int[] {403, 6, 336004},
                    new int[] {404, 3, 336005, 336101},
                    new int[] {429, 4, 18},
                    new int[] {500, 1, 15, 336000},
                    new int[] {503, 2, 336100});

    private VendorError() {}

    /// @return null where an object has none of these errors
    static @Nullable ProviderError in(JsonNode object) {
        JsonNode minimax = object.path("base_resp");
        int number = number(minimax.path("status_code"));
        if (number != 0) {
            boolean isFiltered = number == MINIMAX_INPUT || number == MINIMAX_OUTPUT;
            return of(minimax, number, MINIMAX, isFiltered, minimax.path("status_msg"));
        }
        number = object.has("error_msg") ? number(object.path("error_code")) : 0;
        if (number != 0) {
            return of(object, number, BAIDU, false, object.path("error_msg"));
        }
        return blocked(object.path("promptFeedback"));
    }

    private static ProviderError of(
            JsonNode json,
            int number,
            Map<Integer, Integer> statuses,
            boolean isFiltered,
            JsonNode sentence) {
        int status = statuses.getOrDefault(number, isFiltered ? 400 : 0);
        return new ProviderError(
                json,
                status,
                Integer.toString(number),
                isFiltered ? FILTER : "",
                "",
                sentence.asText().strip(),
                status != 0);
    }

    /// A prompt that was blocked has no candidates (Gemini API reference, "PromptFeedback").
    private static @Nullable ProviderError blocked(JsonNode feedback) {
        String reason = feedback.path("blockReason").asText();
        if (reason.isEmpty()) {
            return null;
        }
        String said = feedback.path("blockReasonMessage").asText();
        return new ProviderError(
                feedback,
                400,
                "",
                FILTER,
                "",
                said.isBlank() ? "it was blocked (" + reason + ")." : said,
                true);
    }

    private static int number(JsonNode node) {
        if (node.isTextual()) {
            return node.textValue().matches("\\d{1,9}") ? Integer.parseInt(node.textValue()) : 0;
        }
        return node.canConvertToInt() ? node.intValue() : 0;
    }

    /// @param lists each a status and the numbers that mean it
    private static Map<Integer, Integer> byStatus(int[]... lists) {
        Map<Integer, Integer> statuses = new HashMap<>();
        for (int[] list : lists) {
            for (int i = 1; i < list.length; i++) {
                statuses.put(list[i], list[0]);
            }
        }
        return Map.copyOf(statuses);
    }
}
