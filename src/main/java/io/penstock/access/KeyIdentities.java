package io.penstock.access;

import io.penstock.store.CallerKey;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.AuthenticationRequestContext;
import io.quarkus.security.identity.IdentityProvider;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.TokenAuthenticationRequest;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;

/// Tells Quarkus whose a key is: the identity has the key's name, the role [#ADMIN] where the key
/// has it, and the key itself as the attribute [#KEY]. Thread-safe.
@ApplicationScoped
public class KeyIdentities implements IdentityProvider<TokenAuthenticationRequest> {

    /// The attribute of an identity in which its [CallerKey] is.
    public static final String KEY = "penstock.key";

    /// The role of those who may make, change and end keys.
    public static final String ADMIN = "admin";

    private final Keys keys;

    KeyIdentities(Keys keys) {
        this.keys = keys;
    }

    @Override
    public Class<TokenAuthenticationRequest> getRequestType() {
        return TokenAuthenticationRequest.class;
    }

    @Override
    public Uni<SecurityIdentity> authenticate(
            TokenAuthenticationRequest request, AuthenticationRequestContext context) {
        return context.runBlocking(() -> identity(request.getToken().getToken()));
    }

    private SecurityIdentity identity(String text) {
        return switch (keys.recognize(text)) {
            case Keys.Shown.Valid(CallerKey key) -> {
                QuarkusSecurityIdentity.Builder identity =
                        QuarkusSecurityIdentity.builder()
                                .setPrincipal(new QuarkusPrincipal(key.owner().name()))
                                .addAttribute(KEY, key);
                if (key.admin()) {
                    identity.addRole(ADMIN);
                }
                yield identity.build();
            }
            case Keys.Shown.Ended(var at) ->
                    throw new AuthenticationFailedException(
                            "This key has ended (" + at + "); ask for another.");
            case Keys.Shown.Unknown _ ->
                    throw new AuthenticationFailedException(
                            "This key is unknown here; check that all of it was copied.");
        };
    }
}
