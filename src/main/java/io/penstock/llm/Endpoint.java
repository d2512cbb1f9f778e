package io.penstock.llm;

import java.net.URI;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The provider that calls go to.
///
/// @param baseUrl with its version path and without a slash at the end
/// @param apiKey sent as a bearer token; null where the provider needs none
/// @param simulated whether it is the built-in one, which the answers' headers then say
public record Endpoint(URI baseUrl, @Nullable String apiKey, boolean simulated) {

    private static final Pattern LOOPBACK =
            Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|\\[::1]");

    /// OpenAI's own API.
    public static final String OPENAI = "https://api.openai.com/v1";

    /// An endpoint at `url`, with or without a slash at the end.
    public static Endpoint of(String url, @Nullable String apiKey, boolean simulated) {
        String trimmed = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
        return new Endpoint(URI.create(trimmed), apiKey, simulated);
    }

    /// The endpoint that the configuration names; empty when it names neither a base URL nor a key.
    public static Optional<Endpoint> configured(LlmConfig config) {
        LlmConfig checked = config.checked();
        return checked.baseUrl().isEmpty() && checked.apiKey().isEmpty()
                ? Optional.empty()
                : Optional.of(
                        of(checked.baseUrl().orElse(OPENAI), checked.apiKey().orElse(null), false));
    }

    /// Host and port, for logs and error texts.
    public String authority() {
        return baseUrl.getAuthority();
    }

    /// Whether the key travels in clear to another machine.
    boolean showsKey() {
        String host = baseUrl.getHost();
        return apiKey != null
                && !simulated
                && !isSecure()
                && host != null
                && !LOOPBACK.matcher(host).matches();
    }

    boolean isSecure() {
        return "https".equals(baseUrl.getScheme());
    }

    int port() {
        if (baseUrl.getPort() >= 0) {
            return baseUrl.getPort();
        }
        return isSecure() ? 443 : 80;
    }

    /// Leaves the key out.
    @Override
    public String toString() {
        return baseUrl.toString();
    }
}
