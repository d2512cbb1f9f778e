package io.penstock.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// A Penstock that runs somewhere, asked over HTTP; options of each command that asks one.
final class Remote {

    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration READ = Duration.ofSeconds(60);
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,80}");

    @Option(
            names = "--url",
            paramLabel = "URL",
            defaultValue = "${env:PENSTOCK_URL:-http://localhost:8080}",
            description = "The Penstock to ask; PENSTOCK_URL, or http://localhost:8080.")
    String url = "";

    @Option(
            names = "--key",
            paramLabel = "KEY",
            defaultValue = "${env:PENSTOCK_KEY}",
            description =
                    "Sent as a bearer token; PENSTOCK_KEY keeps it out of the shell's history.")
    @Nullable String key;

    /// A job, as it is told of.
    JsonNode job(String id) {
        return call("GET", path(id, ""));
    }

    /// Asks a job for something, such as `/pause`.
    JsonNode change(String id, String what) {
        return call("POST", path(id, what));
    }

    /// The path of a job, or of something below it.
    static String path(String id, String below) {
        if (!ID.matcher(id).matches()) {
            throw new CannotBegin("\"" + id + "\" is no id of a batch, such as batch_0a1b2c.");
        }
        return "/batch/" + id + below;
    }

    JsonNode call(String method, String path) {
        try (InputStream in = open(method, path, "application/json")) {
            byte[] all = in.readAllBytes();
            return all.length == 0 ? Fields.JSON.createObjectNode() : Json.read(all);
        } catch (IOException | InvalidRequest broken) {
            throw unreadable(broken);
        }
    }

    /// Copies what is at a path.
    void copy(String path, OutputStream out) throws IOException {
        try (InputStream in = open("GET", path, "application/jsonl")) {
            in.transferTo(out);
        }
    }

    /// Opens an answer, which the caller closes.
    ///
    /// @throws CannotBegin in the other's own words when it refuses
    private InputStream open(String method, String path, String accept) {
        try {
            HttpURLConnection to =
                    (HttpURLConnection) URI.create(base() + path).toURL().openConnection();
            to.setConnectTimeout((int) CONNECT.toMillis());
            to.setReadTimeout((int) READ.toMillis());
            to.setRequestMethod(method);
            to.setRequestProperty("accept", accept);
            if (key != null && !key.isBlank()) {
                to.setRequestProperty("authorization", "Bearer " + key);
            }
            if (to.getResponseCode() >= 400) {
                throw new CannotBegin(refusal(to));
            }
            return to.getInputStream();
        } catch (IllegalArgumentException | ClassCastException noUrl) {
            throw new CannotBegin(
                    url + " is no URL such as http://localhost:8080; give --url one.");
        } catch (IOException away) {
            throw unreadable(away);
        }
    }

    private String base() {
        return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }

    private CannotBegin unreadable(Exception why) {
        return new CannotBegin(
                "No Penstock answers at "
                        + url
                        + " ("
                        + why.getMessage()
                        + "); start one with penstock serve, or name another with --url.");
    }

    private static String refusal(HttpURLConnection from) throws IOException {
        InputStream error = from.getErrorStream();
        String status = "It answers " + from.getResponseCode();
        if (error == null) {
            return status + ".";
        }
        try (error) {
            String said = Json.read(error.readAllBytes()).path("error").path("message").asText("");
            return said.isEmpty() ? status + "." : said;
        } catch (InvalidRequest noJson) {
            return status + ", and not as a Penstock does; look at --url.";
        }
    }
}
