package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EndpointTest {

    @ParameterizedTest
    @CsvSource({
        "http://models.example.com/v1, key, true",
        "http://10.0.0.7:8000/v1, key, true",
        "http://127.example.com/v1, key, true",
        "http://[2001:db8::1]:8000/v1, key, true",
        "https://models.example.com/v1, key, false",
        "http://models.example.com/v1, , false",
        "http://localhost:11434/v1, key, false",
        "http://127.0.0.1:8000/v1, key, false",
        "http://[::1]:8000/v1, key, false"
    })
    void aKeyThatTravelsInClearToAnotherMachineIsSeen(String url, String key, boolean shown) {
        assertThat(Endpoint.of(url, key, false).showsKey()).isEqualTo(shown);
    }
}
