package io.penstock.http;

import io.penstock.access.Keys;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.credential.TokenCredential;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.security.identity.request.TokenAuthenticationRequest;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.quarkus.vertx.http.runtime.security.HttpSecurityUtils;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Finds the key that a request shows: as OpenAI's SDKs send it, `Authorization: Bearer pk-…`, as
/// Anthropic's do, `x-api-key: pk-…`, or, from a page that opens a WebSocket and can send no
/// header, as one of its subprotocols. What does not begin like a key is somebody else's and left
/// alone.
@ApplicationScoped
public class KeyMechanism implements HttpAuthenticationMechanism {

    /// RFC 6750, section 2.1; the name of a scheme has no case (RFC 9110, section 11.1).
    private static final String BEARER = "bearer ";

    @Override
    public Uni<SecurityIdentity> authenticate(
            RoutingContext exchange, IdentityProviderManager identities) {
        String key = shown(exchange.request());
        return key == null
                ? Uni.createFrom().nullItem()
                : identities.authenticate(
                        HttpSecurityUtils.setRoutingContextAttribute(
                                new TokenAuthenticationRequest(new TokenCredential(key, "bearer")),
                                exchange));
    }

    private static @Nullable String shown(HttpServerRequest request) {
        String key = request.getHeader("x-api-key");
        if (Keys.isMeant(key)) {
            return key;
        }
        String authorization = request.getHeader("authorization");
        if (authorization != null
                && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            String token = authorization.substring(BEARER.length()).strip();
            return Keys.isMeant(token) ? token : null;
        }
        String protocols = request.getHeader("sec-websocket-protocol");
        if (protocols != null) {
            for (String protocol : protocols.split(",")) {
                if (Keys.isMeant(protocol.strip())) {
                    return protocol.strip();
                }
            }
        }
        return null;
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext exchange) {
        return Uni.createFrom().item(new ChallengeData(401, "www-authenticate", "Bearer"));
    }

    @Override
    public Uni<Boolean> sendChallenge(RoutingContext exchange) {
        AuthenticationFailedException failed =
                HttpSecurityUtils.getAuthenticationFailureFromEvent(exchange);
        String why = failed == null ? null : failed.getMessage();
        exchange.response().putHeader("www-authenticate", "Bearer");
        Exchanges.answer(
                exchange,
                why == null
                        ? Problem.refused(
                                401,
                                "missing_api_key",
                                "This Penstock wants a key: send it as Authorization: Bearer pk-…; its operator"
                                        + " makes them.")
                        : Problem.refused(401, "invalid_api_key", why));
        return Uni.createFrom().item(true);
    }

    @Override
    public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
        return Set.of(TokenAuthenticationRequest.class);
    }
}
