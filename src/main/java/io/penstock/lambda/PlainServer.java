package io.penstock.lambda;

import io.netty.channel.MultithreadEventLoopGroup;
import io.penstock.store.Where;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.vertx.http.runtime.VertxHttpBuildTimeConfig;
import io.quarkus.vertx.http.runtime.VertxHttpConfig;
import io.quarkus.vertx.http.runtime.VertxHttpRecorder;
import io.quarkus.vertx.http.runtime.options.HttpServerOptionsUtils;
import io.smallrye.config.SmallRyeConfig;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.impl.VertxInternal;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.interceptor.Interceptor;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The package's socket outside of AWS Lambda, on `quarkus.http.host` and `quarkus.http.port`.
///
/// Quarkus opens none in a package that has the in-memory channel of [HttpHandler], so this opens
/// one in front of the same router. It uses Quarkus classes that are public without being API, like
/// that one.
@ApplicationScoped
class PlainServer {

    private static final Logger LOG = Logger.getLogger(PlainServer.class);

    private final Vertx vertx;
    private final Where where;
    private final VertxHttpConfig http;
    private final VertxHttpBuildTimeConfig built;
    private @Nullable String deployment;

    PlainServer(Vertx vertx, Where where, Config config) {
        this.vertx = vertx;
        this.where = where;
        SmallRyeConfig all = config.unwrap(SmallRyeConfig.class);
        this.http = all.getConfigMapping(VertxHttpConfig.class);
        this.built = all.getConfigMapping(VertxHttpBuildTimeConfig.class);
    }

    /// After all that is checked and made at start, so that the first caller finds everything
    /// there.
    void start(@Observes @Priority(Interceptor.Priority.LIBRARY_AFTER) StartupEvent started) {
        if (where.isFunction()
                || !built.virtual()
                || !http.hostEnabled()
                || Boolean.getBoolean("penstock.command")
                || LaunchMode.current() != LaunchMode.NORMAL) {
            return;
        }
        HttpServerOptions options = new HttpServerOptions();
        HttpServerOptionsUtils.applyCommonOptions(options, built, http, List.of());
        // Minus one: a free port, the same one for all.
        options.setHost(http.host()).setPort(http.port() == 0 ? -1 : http.port());
        // One listener on each event loop, which share the connections.
        DeploymentOptions everywhere = new DeploymentOptions().setInstances(eventLoops());
        try {
            deployment =
                    vertx.deployVerticle(() -> new Listener(options), everywhere)
                            .toCompletionStage()
                            .toCompletableFuture()
                            .join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new ConfigurationException(
                    "Cannot listen on %s:%d (quarkus.http.host, quarkus.http.port): %s"
                            .formatted(options.getHost(), options.getPort(), cause.getMessage()));
        }
        LOG.infof("Listening on http://%s:%d", options.getHost(), options.getPort());
    }

    /// After the calls under way have ended, for which Quarkus waits first.
    void stop(@Observes ShutdownEvent stopping) {
        if (deployment != null) {
            vertx.undeploy(deployment).toCompletionStage().toCompletableFuture().join();
        }
    }

    private int eventLoops() {
        int all =
                ((VertxInternal) vertx).getEventLoopGroup() instanceof MultithreadEventLoopGroup g
                        ? g.executorCount()
                        : 1;
        return http.ioThreads().isPresent() ? Math.min(all, http.ioThreads().getAsInt()) : all;
    }

    private static final class Listener extends AbstractVerticle {
        private final HttpServerOptions options;

        Listener(HttpServerOptions options) {
            this.options = options;
        }

        @Override
        public void start(Promise<Void> started) {
            vertx.createHttpServer(options)
                    .requestHandler(VertxHttpRecorder.getRootHandler())
                    .listen()
                    .<Void>mapEmpty()
                    .onComplete(started);
        }
    }
}
