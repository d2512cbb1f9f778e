package io.penstock.llm;

import io.penstock.store.Tokens;
import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What answers cost, by the configured prices. Thread-safe.
@ApplicationScoped
public class Prices {

    /// Prices are for a million tokens, and costs are kept in billionths.
    private static final BigDecimal NANOS_OF_ONE_TOKEN = BigDecimal.valueOf(1_000);

    private final Map<String, LlmConfig.PriceConfig> prices;

    Prices(LlmConfig config) {
        this.prices = config.checked().prices();
    }

    /// Whether anything has a price.
    public boolean areKnown() {
        return !prices.isEmpty();
    }

    /// Whether a model has a price.
    public boolean knows(String model) {
        return price(model) != null;
    }

    /// What was used, with its cost as far as the model has a price.
    public Tokens tokens(String model, Usage usage) {
        return new Tokens(
                usage.promptTokens(),
                usage.completionTokens(),
                nanos(model, usage),
                usage.cachedTokens(),
                usage.reasoningTokens());
    }

    /// @return the cost in billionths of the prices' currency; 0 when the model has no price
    public long nanos(String model, Usage usage) {
        LlmConfig.PriceConfig price = price(model);
        if (price == null) {
            return 0;
        }
        return price.input()
                .multiply(BigDecimal.valueOf(usage.promptTokens()))
                .add(price.output().multiply(BigDecimal.valueOf(usage.completionTokens())))
                .multiply(NANOS_OF_ONE_TOKEN)
                .longValue();
    }

    /// An amount as it is written, from billionths; null where no price is known.
    public static @Nullable BigDecimal amount(long nanos) {
        return nanos == 0 ? null : BigDecimal.valueOf(nanos, 9).stripTrailingZeros();
    }

    /// The price of the model itself, or of the longest name that begins its own: providers serve
    /// `gpt-4o-mini` as `gpt-4o-mini-2024-07-18`.
    private LlmConfig.@Nullable PriceConfig price(String model) {
        LlmConfig.PriceConfig found = prices.get(model);
        int longest = 0;
        if (found == null) {
            for (Map.Entry<String, LlmConfig.PriceConfig> one : prices.entrySet()) {
                String name = one.getKey();
                if (name.length() > longest && model.startsWith(name + "-")) {
                    longest = name.length();
                    found = one.getValue();
                }
            }
        }
        return found;
    }
}
