package io.penstock.infra;

import java.util.List;

/// Who may call.
sealed interface Access {

    /// Whoever shows a key of the operator's, which the function looks up itself. Keys are checked
    /// at the HTTP API only, so the WebSocket API wants signed requests then.
    record Key() implements Access {}

    /// Whoever signs with AWS credentials that may `execute-api:Invoke`.
    record Iam() implements Access {}

    /// Whoever shows a token of this issuer. API Gateway checks tokens at HTTP APIs only, so the
    /// WebSocket API wants signed requests then ("Control access to WebSocket APIs").
    record Jwt(String issuer, List<String> audience) implements Access {}

    /// Anybody who finds the address, at the owner's expense.
    record Open() implements Access {}

    static Access of(Settings settings) {
        return switch (settings.text("auth", "key")) {
            case "key" -> new Key();
            case "iam" -> new Iam();
            case "jwt" -> new Jwt(settings.required("issuer"), settings.list("audience"));
            case "none" -> {
                if (!settings.text("open", "no").equals("yes")) {
                    throw new IllegalArgumentException(
                            "auth=none lets anybody spend your provider's credit. If that is what"
                                    + " you want, say so with -c open=yes; else choose -c auth=key,"
                                    + " -c auth=iam or -c auth=jwt.");
                }
                yield new Open();
            }
            case String other ->
                    throw new IllegalArgumentException(
                            "auth is " + other + ": choose key, iam, jwt or none.");
        };
    }
}
