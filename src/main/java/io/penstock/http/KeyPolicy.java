package io.penstock.http;

import io.penstock.access.KeyIdentities;
import io.penstock.access.Keys;
import io.penstock.store.Where;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.security.identity.AuthenticationRequestContext;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.SecurityIdentityAugmentor;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.quarkus.vertx.http.runtime.security.HttpSecurityPolicy;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// Demands a key of every request, where keys are demanded: wherever others than this machine can
/// reach Penstock, unless it is told in so many words that they may. Where none is demanded, one
/// that is shown counts all the same.
///
/// Whoever has this machine may do with its keys what an operator may.
@ApplicationScoped
public class KeyPolicy implements HttpSecurityPolicy, SecurityIdentityAugmentor {

    /// For those who look whether it is alive, and what it can do.
    private static final Pattern OPEN = Pattern.compile("/q/(health|openapi)(/.*)?");

    private final Keys keys;
    private final boolean onLoopback;
    private final boolean isServer;
    private final boolean demanded;
    private final boolean isOwners;

    /// @param listens false for a command, which serves nobody
    KeyPolicy(
            Keys keys,
            HttpConfig config,
            @ConfigProperty(name = "quarkus.http.host") String listensOn,
            @ConfigProperty(name = "quarkus.http.host-enabled", defaultValue = "true")
                    boolean listens,
            Where where) {
        this.keys = keys;
        this.onLoopback = Origins.isLoopback(listensOn);
        this.isServer = listens && !where.isFunction();
        this.demanded =
                config.auth()
                        .map(auth -> auth == HttpConfig.Auth.KEY)
                        .orElse(isServer && !onLoopback);
        this.isOwners = isServer && onLoopback && !demanded;
    }

    void start(@Observes StartupEvent started) {
        if (demanded && isServer && !onLoopback && keys.none()) {
            throw new ConfigurationException(
                    "Penstock is to be reached from other machines (quarkus.http.host) and has no key"
                            + " that would tell who calls: make one first, with the arguments keys add"
                            + " NAME and the same settings. Or let everybody who finds it spend your"
                            + " provider's credit, with penstock.http.auth=none.");
        }
    }

    @Override
    public Uni<CheckResult> checkPermission(
            RoutingContext exchange,
            Uni<SecurityIdentity> caller,
            AuthorizationRequestContext context) {
        if (!demanded || OPEN.matcher(exchange.normalizedPath()).matches()) {
            return CheckResult.permit();
        }
        return caller.map(
                identity -> identity.isAnonymous() ? CheckResult.DENY : CheckResult.PERMIT);
    }

    @Override
    public Uni<SecurityIdentity> augment(
            SecurityIdentity identity, AuthenticationRequestContext context) {
        return Uni.createFrom()
                .item(
                        isOwners && identity.isAnonymous()
                                ? QuarkusSecurityIdentity.builder(identity)
                                        .addRole(KeyIdentities.ADMIN)
                                        .build()
                                : identity);
    }
}
