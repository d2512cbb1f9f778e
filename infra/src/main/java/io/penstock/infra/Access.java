package io.penstock.infra;

import java.util.List;

/// Who may call.
sealed interface Access {

    /// Whoever signs with AWS credentials that may `execute-api:Invoke`.
    record Iam() implements Access {}

    /// Whoever shows a token of this issuer. API Gateway checks tokens at HTTP APIs only, so the
    /// WebSocket API wants signed requests then ("Control access to WebSocket APIs").
    record Jwt(String issuer, List<String> audience) implements Access {}

    /// Anybody who finds the address, at the owner's expense.
    record Open() implements Access {}

    static Access of(Settings settings) {
        return switch (settings.text("auth", "iam")) {
            case "iam" -> new Iam();
            case "jwt" -> new Jwt(settings.required("issuer"), settings.list("audience"));
            case "none" -> {
                if (!settings.text("open", "no").equals("yes")) {
                    throw new IllegalArgumentException(
                            "auth=none lets anybody spend your provider's credit. If that is what"
                                    + " you want, say so with -c open=yes; else choose -c auth=iam"
                                    + " or -c auth=jwt.");
                }
                yield new Open();
            }
            case String other ->
                    throw new IllegalArgumentException(
                            "auth is " + other + ": choose iam, jwt or none.");
        };
    }
}
