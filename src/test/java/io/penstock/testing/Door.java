package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;

/// Where Penstock's HTTP API is called, whatever is between.
public interface Door {

    /// An answer as it came.
    ///
    /// @param headers by lower-case name
    record Raw(int status, JsonNode headers, String body) {}

    /// Sends any request.
    ///
    /// @param target path, with a query if there is one
    Raw call(String method, String target, String contentType, String body);
}
