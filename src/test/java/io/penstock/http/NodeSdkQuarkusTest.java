package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.NodeSdk;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.Test;

/// The OpenAI API as OpenAI's SDK for Node.js takes it.
@QuarkusTest
class NodeSdkQuarkusTest extends PenstockTest {

    @Test
    void everyCheckPasses() {
        assertThat(NodeSdk.run(base.resolve("/v1").toString(), provider.admin(), true))
                .hasSizeGreaterThan(15)
                .allSatisfy(line -> assertThat(line).startsWith("ok "));
    }
}
