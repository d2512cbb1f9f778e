package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.Reading;
import io.penstock.pipeline.Declared;
import io.penstock.tasks.NoTasks;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ItemFieldsTest {

    private final ItemReader reader =
            new ItemReader(
                    Reading.prompts(),
                    Reading.prices(Map.of()),
                    Declared.of(
                            Map.of(
                                    "penstock.pipelines.two.stages[0].name", "a",
                                    "penstock.pipelines.two.stages[0].prompt", "{input}",
                                    "penstock.pipelines.two.stages[1].name", "b",
                                    "penstock.pipelines.two.stages[1].prompt", "{a.result}")),
                    NoTasks.get());

    @Test
    void anItemsFieldsOverrideTheOptions() {
        Item item =
                read(
                        "{'custom_id':'mine','prompt':'x','temperature':0.1}",
                        "{'model':'m','temperature':1,'timeout_ms':2000,'priority':'high'}");

        assertThat(item.customId()).isEqualTo("mine");
        assertThat(item.input()).isEqualTo("x");
        assertThat(item.prompt().model()).isEqualTo("m");
        assertThat(item.limit()).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void aLineInOpenAisFormTakesTheModelOfTheOptionsWhereItNamesNone() {
        String line =
                "{'custom_id':'mine','method':'POST','url':'/v1/chat/completions','body':{%s'messages':[{'role':'user','content':'x'}]}}";

        assertThat(read(line.formatted(""), "{'model':'m'}").prompt().model()).isEqualTo("m");
        assertThat(read(line.formatted("'model':'n',"), "{'model':'m'}").prompt().model())
                .isEqualTo("n");
    }

    @Test
    void anItemOfAPipelineIsItsInput() {
        Item item = read("{'prompt':'x'}", "{'pipeline':'two','timeout_ms':1000}");

        assertThat(item.input()).isEqualTo("x");
        assertThat(item.limit()).isEqualTo(Duration.ofSeconds(1));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'prompt':''} | {} | prompt | blank_field",
                "{'custom_id':'x'} | {} | prompt | missing_field",
                "{'prompt':'x','promt':'y'} | {} | promt | unknown_field",
                "{'prompt':'x','custom_id':' '} | {} | custom_id | out_of_range",
                "{'prompt':'x','model':'m'} | {'pipeline':'two'} | model | unknown_field",
                "{'prompt':'x','system':'s'} | {'pipeline':'two'} | system | unknown_field",
                "{'custom_id':'a','body':{}} | {'pipeline':'two'} | body | unknown_field",
                "{'body':{}} | {} | custom_id | missing_field",
                "{'custom_id':'a','method':'GET','body':{}} | {} | method | out_of_range",
                "{'custom_id':'a','method':'POST','url':'/v1/embeddings','body':{}} | {} | url | out_of_range",
                "{'custom_id':'a','method':'POST','url':'/v1/chat/completions'} | {} | body | missing_field",
                "{'custom_id':'a','method':'POST','url':'/v1/chat/completions','body':{'stream':true}} | {} | body.stream | out_of_range",
                "{'custom_id':'a','method':'POST','url':'/v1/chat/completions','body':{'Api_Key':'k'}} | {} | body.Api_Key | unknown_field",
                "{'custom_id':'a','method':'POST','url':'/v1/chat/completions','body':{'model':'m'}} | {} | body.messages | missing_field",
            })
    void anItemThatIsWrongIsNamed(String item, String options, String param, String code) {
        assertThatThrownBy(() -> read(item, options))
                .isInstanceOfSatisfying(
                        InvalidRequest.class,
                        invalid -> {
                            assertThat(invalid.param()).isEqualTo(param);
                            assertThat(invalid.code()).isEqualTo(code);
                        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'priority':'urgent'} | priority | out_of_range",
                "{'max_cost':1} | max_cost | out_of_range",
                "{'pipeline':'three'} | pipeline | unknown_pipeline",
                "{'pipeline':'two','model':'m'} | model | unknown_field",
                "{'temperature':3} | temperature | out_of_range",
            })
    void anOptionThatIsWrongIsNamed(String options, String param, String code) {
        assertThatThrownBy(() -> reader.check(json(options)))
                .isInstanceOfSatisfying(
                        InvalidRequest.class,
                        invalid -> {
                            assertThat(invalid.param()).isEqualTo(param);
                            assertThat(invalid.code()).isEqualTo(code);
                        });
    }

    @Test
    void optionsThatMakeSenseAreTaken() {
        reader.check(json("{'priority':'low','model':'m','timeout_ms':5}"));
        reader.check(json("{'pipeline':'two','timeout_ms':5}"));
    }

    private Item read(String line, String options) {
        return reader.read(line.replace('\'', '"').getBytes(StandardCharsets.UTF_8), json(options));
    }

    private static ObjectNode json(String text) {
        try {
            return (ObjectNode) Fields.JSON.readTree(text.replace('\'', '"'));
        } catch (JsonProcessingException wrong) {
            throw new IllegalArgumentException(wrong);
        }
    }
}
