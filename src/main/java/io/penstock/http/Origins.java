package io.penstock.http;

import io.penstock.store.Where;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/// Keeps pages of other origins from calling: whoever reads a page in a browser has not asked for
/// what it sends, and their browser reaches what listens on their own machine alone. Programs that
/// are no browsers send none of these headers and pass.
///
/// A browser says where a request comes from in `Origin` (RFC 6454; Fetch, "Origin header"), and
/// where it sends none, in `Sec-Fetch-Site` (W3C, Fetch Metadata). A page whose own name was made
/// to mean this machine (DNS rebinding) is of the same origin, but shows its name in `Host`.
/// Immutable.
@ApplicationScoped
class Origins {

    private static final String ANY = "*";

    private final Set<String> allowed;
    private final Set<String> hosts;
    private final boolean onLoopback;

    Origins(
            HttpConfig config,
            @ConfigProperty(name = "quarkus.http.host") String listensOn,
            Where where) {
        this.allowed = lowerCase(config.origins().orElse(List.of()));
        this.hosts = lowerCase(config.hosts().orElse(List.of()));
        this.onLoopback = !where.isFunction() && isLoopback(listensOn);
    }

    private static Set<String> lowerCase(List<String> names) {
        return names.stream()
                .map(name -> name.strip().toLowerCase(Locale.ROOT))
                .collect(Collectors.toUnmodifiableSet());
    }

    /// Whether what listens on this address is reached from this machine alone.
    static boolean isLoopback(String address) {
        String name = address.toLowerCase(Locale.ROOT);
        if (name.equals("localhost") || name.endsWith(".localhost")) {
            return true;
        }
        try {
            return InetAddress.ofLiteral(name).isLoopbackAddress();
        } catch (IllegalArgumentException otherName) {
            return false;
        }
    }

    /// @return why this request is not taken; null for one that is
    @Nullable Problem refusal(HttpServerRequest request) {
        HostAndPort asked = request.authority();
        if (onLoopback && asked != null && !isOurs(name(asked))) {
            return Problem.refused(
                    421,
                    "unknown_host",
                    "Penstock listens for its own machine alone and does not answer for the name "
                            + Headers.printable(name(asked))
                            + "; call it as localhost, or name the host in penstock.http.hosts.");
        }
        String origin = request.getHeader("origin");
        if (origin != null) {
            return mayCall(origin, asked) ? null : foreign(origin);
        }
        return isOfAnotherPage(request) ? foreign("another page") : null;
    }

    private boolean isOurs(String host) {
        return isLoopback(host) || hosts.contains(host);
    }

    private static String name(HostAndPort asked) {
        String host = asked.host().toLowerCase(Locale.ROOT);
        if (host.startsWith("[") && host.endsWith("]")) {
            return host.substring(1, host.length() - 1);
        }
        return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    }

    private boolean mayCall(String origin, @Nullable HostAndPort asked) {
        return allowed.contains(ANY)
                || allowed.contains(origin.toLowerCase(Locale.ROOT))
                || (asked != null && isSame(origin, asked));
    }

    /// The scheme is left out of it: what stands in front may have taken TLS away.
    private static boolean isSame(String origin, HostAndPort asked) {
        try {
            URI from = URI.create(origin);
            if (from.getHost() == null) {
                return false;
            }
            int usual = "https".equalsIgnoreCase(from.getScheme()) ? 443 : 80;
            int fromPort = from.getPort() < 0 ? usual : from.getPort();
            int askedPort = asked.port() < 0 ? usual : asked.port();
            return fromPort == askedPort
                    && name(HostAndPort.create(from.getHost(), fromPort)).equals(name(asked));
        } catch (IllegalArgumentException none) {
            // "null" among them, which is what a page has that hides where it is from.
            return false;
        }
    }

    /// What a page loads as an image, a script or a frame. A link that somebody follows is none of
    /// these: the page that it is on sees nothing of the answer.
    private static boolean isOfAnotherPage(HttpServerRequest request) {
        String site = request.getHeader("sec-fetch-site");
        boolean isOther = "cross-site".equals(site) || "same-site".equals(site);
        boolean isFollowed =
                HttpMethod.GET.equals(request.method())
                        && "navigate".equals(request.getHeader("sec-fetch-mode"))
                        && "document".equals(request.getHeader("sec-fetch-dest"));
        return isOther && !isFollowed;
    }

    private static Problem foreign(String origin) {
        return Problem.refused(
                403,
                "foreign_origin",
                "Pages of other origins may not call Penstock, and this request comes from "
                        + Headers.printable(origin)
                        + "; if it may, name its origin in penstock.http.origins.");
    }
}
