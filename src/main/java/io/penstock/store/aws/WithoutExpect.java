package io.penstock.store.aws;

import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpRequest;

/// Lets S3's client send a file at once, without asking first whether it may (`Expect:
/// 100-continue`, RFC 9110, section 10.1.1). Thread-safe.
///
/// `HttpURLConnection` does not try again where a connection that it kept was closed meanwhile and
/// it waits for that permission, and neither does the SDK, which does not see the failure as one of
/// the connection. Without it, both try again.
public final class WithoutExpect implements ExecutionInterceptor {

    @Override
    public SdkHttpRequest modifyHttpRequest(
            Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
        return context.httpRequest().firstMatchingHeader("Expect").isEmpty()
                ? context.httpRequest()
                : context.httpRequest().copy(request -> request.removeHeader("Expect"));
    }
}
