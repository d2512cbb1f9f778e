package io.penstock.batch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.dataformat.csv.CsvFactory;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import io.penstock.json.InvalidRequest;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads records of comma-separated values in UTF-8 one after the other (RFC 4180): fields in
/// quotation marks hold separators, line ends and doubled quotation marks. Lines may end in any
/// way; empty ones and a byte order mark are passed over. Not thread-safe.
public final class Csv implements AutoCloseable {

    /// Characters of one record: a quotation mark that is never closed takes the rest of a file.
    static final int RECORD_MAX = 4 << 20;

    private static final int FIELDS_MAX = 10_000;

    private static final CsvFactory FACTORY =
            CsvFactory.builder()
                    .enable(CsvParser.Feature.WRAP_AS_ARRAY)
                    .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxStringLength(RECORD_MAX).build())
                    .build();

    private final CsvParser parser;
    private long line = 1;

    public Csv(InputStream in, char separator) throws IOException {
        parser = FACTORY.createParser(in);
        parser.setSchema(CsvSchema.emptySchema().withColumnSeparator(separator));
    }

    /// The line at which the record last read begins, from 1.
    public long line() {
        return line;
    }

    /// @return the fields of the next record; null at the end
    /// @throws InvalidRequest when it is none; it names no line
    public @Nullable List<String> next() throws IOException {
        try {
            JsonToken token = parser.nextToken();
            if (token == JsonToken.START_ARRAY && parser.getParsingContext().getParent().inRoot()) {
                token = parser.nextToken();
            }
            if (token != JsonToken.START_ARRAY) {
                return null;
            }
            line = parser.currentLocation().getLineNr();
            return fields();
        } catch (CharConversionException notUtf8) {
            throw InvalidRequest.about(null, "invalid_csv", "is not in UTF-8; convert it.");
        } catch (StreamConstraintsException tooLong) {
            throw tooLong();
        } catch (JsonProcessingException malformed) {
            throw InvalidRequest.about(
                    null,
                    "invalid_csv",
                    "has a quotation mark that is never closed, or text behind one that is; double"
                            + " those that belong to a field's text.");
        }
    }

    private List<String> fields() throws IOException {
        List<String> fields = new ArrayList<>();
        long length = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            String field = parser.getText();
            length += field.length();
            if (length > RECORD_MAX || fields.size() == FIELDS_MAX) {
                throw tooLong();
            }
            fields.add(field);
        }
        return fields;
    }

    private static InvalidRequest tooLong() {
        return InvalidRequest.about(
                null,
                "invalid_csv",
                "is longer than 4 MB, or has more than "
                        + FIELDS_MAX
                        + " fields; look for a quotation mark that is not closed.");
    }

    @Override
    public void close() throws IOException {
        parser.close();
    }
}
