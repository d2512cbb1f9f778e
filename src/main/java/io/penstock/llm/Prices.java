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
    private final Map<String, String> fallbacks;
    private final String defaultModel;

    Prices(LlmConfig config) {
        this.prices = config.checked().prices();
        this.fallbacks = config.fallbacks();
        this.defaultModel = config.model();
    }

    /// The model without a price among those that a call may go to: the one that it asks for, and
    /// the one that stands in for it.
    ///
    /// @param model null for the one that is configured for calls that name none
    /// @return null when all have a price
    public @Nullable String unpriced(@Nullable String model) {
        String asked = model == null ? defaultModel : model;
        if (price(asked) == null) {
            return asked;
        }
        String other = fallbacks.get(asked);
        return other == null || price(other) != null ? null : other;
    }

    /// The cost by the price of the model that served, or of the one that was asked where that has
    /// none: a gateway may serve a model by another name.
    ///
    /// @return in billionths of the prices' currency; negative when neither has a price
    public long nanos(String served, String asked, Usage usage) {
        if (price(served) != null) {
            return nanos(served, usage);
        }
        return price(asked) == null ? -1 : nanos(asked, usage);
    }

    /// Whether anything has a price.
    public boolean areKnown() {
        return !prices.isEmpty();
    }

    /// Whether a model has a price.
    public boolean knows(String model) {
        return price(model) != null;
    }

    /// What was used, with its cost by the price of the model that served, or of the one that was
    /// asked; uncounted where there are prices and neither has one.
    public Tokens tokens(String served, String asked, Usage usage) {
        long nanos = areKnown() ? nanos(served, asked, usage) : 0;
        return new Tokens(
                usage.promptTokens(),
                usage.completionTokens(),
                Math.max(0, nanos),
                usage.cachedTokens(),
                usage.reasoningTokens(),
                nanos < 0 ? 1 : 0);
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
