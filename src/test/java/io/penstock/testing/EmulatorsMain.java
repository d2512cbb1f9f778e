package io.penstock.testing;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Properties;
import org.apache.pekko.http.scaladsl.Http;
import org.elasticmq.rest.sqs.SQSRestServer;
import org.elasticmq.rest.sqs.SQSRestServerBuilder;
import org.gaul.s3proxy.BlobStores;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;

/// The stand-ins for SQS and S3 in a process of their own, on free loopback ports, which it prints.
/// It ends when its parent does: the pipe to its standard input closes then.
final class EmulatorsMain {

    private EmulatorsMain() {}

    /// @param args the access key and the secret key that S3 asks for
    public static void main(String[] args) throws Exception {
        System.out.println("s3 " + startS3(args[0], args[1]));
        System.out.println("sqs " + startSqs());
        // Nobody reads the pipe from now on.
        System.setOut(System.err);
        awaitParent();
        Runtime.getRuntime().halt(0);
    }

    private static int startS3(String accessKey, String secretKey) throws Exception {
        BlobStore store = BlobStores.create("transient", new Properties());
        S3Proxy proxy =
                S3Proxy.builder()
                        .blobStore(store)
                        .endpoint(URI.create("http://127.0.0.1:0"))
                        .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, accessKey, secretKey)
                        .build();
        proxy.start();
        return proxy.getPort();
    }

    private static int startSqs() {
        SQSRestServer server =
                SQSRestServerBuilder.withInterface("127.0.0.1").withDynamicPort().start();
        Http.ServerBinding bound = server.waitUntilStarted();
        InetSocketAddress address = bound.localAddress();
        return address.getPort();
    }

    private static void awaitParent() throws IOException {
        while (System.in.read() >= 0) {
            // Nothing is said over the pipe.
        }
    }
}
