// OpenAI's own SDK for Node.js, unchanged but for its base URL. Prints a line for each check; see NodeSdk.java.
import OpenAI, { toFile } from 'openai';
import assert from 'node:assert/strict';

const baseURL = process.env.BASE_URL;
const streams = process.env.STREAMS !== 'no';
const statuses = [];
const counting = async (url, init) => {
  const answer = await fetch(url, init);
  statuses.push(answer.status);
  return answer;
};
const client = new OpenAI({ baseURL, apiKey: 'sk-the-callers-own', fetch: counting });
const model = 'gpt-4o-mini';
const user = content => [{ role: 'user', content }];
const weather = [
  {
    type: 'function',
    function: {
      name: 'weather',
      parameters: { type: 'object', properties: { city: { type: 'string', enum: ['Bern'] }, days: { type: 'integer' } } },
    },
  },
];

const has = (object, ...names) => {
  for (const name of names) {
    assert.ok(Object.hasOwn(object, name), `"${name}" is missing in ${JSON.stringify(object)}`);
  }
};
const collect = async iterable => {
  const all = [];
  for await (const one of iterable) {
    all.push(one);
  }
  return all;
};
const until = async (read, wanted) => {
  const end = Date.now() + 60_000;
  for (;;) {
    const value = await read();
    if (wanted(value)) {
      return value;
    }
    assert.ok(Date.now() < end, `It did not come to that: ${JSON.stringify(value)}`);
  }
};
const jsonl = text => text.split('\n').filter(Boolean).map(line => JSON.parse(line));
const line = (id, content, more) => ({
  custom_id: id,
  method: 'POST',
  url: '/v1/chat/completions',
  body: { model, messages: user(content), ...more },
});
const upload = async lines =>
  client.files.create({
    file: await toFile(Buffer.from(lines.map(one => JSON.stringify(one) + '\n').join('')), 'lines.jsonl'),
    purpose: 'batch',
  });
const batchOf = async (lines, more) =>
  client.batches.create({
    input_file_id: (await upload(lines)).id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    ...more,
  });
const ended = batch =>
  until(() => client.batches.retrieve(batch.id), now => ['completed', 'failed', 'cancelled', 'expired'].includes(now.status));
const text = async id => (await client.files.content(id)).text();

const BATCH = [
  'id', 'object', 'endpoint', 'model', 'errors', 'input_file_id', 'completion_window', 'status', 'output_file_id',
  'error_file_id', 'created_at', 'in_progress_at', 'expires_at', 'finalizing_at', 'completed_at', 'failed_at',
  'expired_at', 'cancelling_at', 'cancelled_at', 'request_counts', 'usage', 'metadata',
];

const checks = {
  async chat() {
    const answer = await client.chat.completions.create({ model, messages: user('What is a penstock?') });
    has(answer, 'id', 'object', 'created', 'model', 'choices', 'usage', 'service_tier', 'system_fingerprint');
    assert.equal(answer.object, 'chat.completion');
    const [choice] = answer.choices;
    has(choice, 'index', 'message', 'logprobs', 'finish_reason');
    has(choice.message, 'role', 'content', 'refusal', 'annotations');
    assert.match(choice.message.content, /What is a penstock\?$/);
    assert.equal(choice.finish_reason, 'stop');
    has(answer.usage, 'prompt_tokens', 'completion_tokens', 'total_tokens', 'prompt_tokens_details', 'completion_tokens_details');
    assert.ok(answer._request_id);
  },

  async parts_formats_choices_and_logprobs() {
    const answer = await client.chat.completions.create({
      model,
      n: 3,
      logprobs: true,
      top_logprobs: 2,
      seed: 7,
      response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: { type: 'object' } } },
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is in this image?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,' + 'A'.repeat(100_000) } },
          ],
        },
      ],
    });
    assert.deepEqual(answer.choices.map(choice => choice.index), [0, 1, 2]);
    for (const choice of answer.choices) {
      assert.match(JSON.parse(choice.message.content).answer, /What is in this image\?$/);
      assert.equal(choice.logprobs.content[0].logprob, -0.25);
    }
  },

  async what_is_new_to_the_sdk_passes() {
    const answer = await client.chat.completions.create({ model, messages: user('new'), not_invented_yet: { a: [1, null] } });
    assert.equal(answer.choices[0].finish_reason, 'stop');
  },

  async a_cut_answer_is_an_answer() {
    const answer = await client.chat.completions.create({ model, max_completion_tokens: 2, messages: user('one two three') });
    assert.equal(answer.choices[0].finish_reason, 'length');
    const filtered = await client.chat.completions.create({ model, messages: user('[[sim fault=content_filter]] a b c') });
    assert.equal(filtered.choices[0].finish_reason, 'content_filter');
    const refused = await client.chat.completions.create({ model, messages: user('[[sim fault=refusal]] no') });
    assert.match(refused.choices[0].message.refusal, /sorry/);
    assert.equal(refused.choices[0].message.content, null);
  },

  async tools() {
    const messages = user('How is the weather?');
    const first = await client.chat.completions.create({ model, messages, tools: weather, tool_choice: 'required' });
    const [call] = first.choices[0].message.tool_calls;
    assert.equal(first.choices[0].finish_reason, 'tool_calls');
    assert.equal(first.choices[0].message.content, null);
    assert.equal(call.function.name, 'weather');
    assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Bern', days: 1 });
    const second = await client.chat.completions.create({
      model,
      tools: weather,
      messages: [...messages, first.choices[0].message, { role: 'tool', tool_call_id: call.id, content: 'rain' }],
    });
    assert.match(second.choices[0].message.content, /How is the weather\?$/);
  },

  async typed_errors() {
    await assert.rejects(client.chat.completions.create({ model, messages: [] }), error => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'messages');
      assert.ok(error.requestID);
      return true;
    });
    await assert.rejects(client.chat.completions.create({ model, temperature: 9, messages: user('hot') }), error => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'temperature');
      assert.equal(error.code, 'decimal_above_max_value');
      assert.equal(error.type, 'invalid_request_error');
      return true;
    });
    await assert.rejects(
      client.chat.completions.create({ model, messages: user('[[sim fault=quota]] a') }),
      error => error instanceof OpenAI.RateLimitError && error.code === 'insufficient_quota',
    );
    await assert.rejects(
      client.chat.completions.create({ model, messages: user('[[sim fault=server_error]] a') }, { maxRetries: 0 }),
      OpenAI.InternalServerError,
    );
    for (const missing of [
      () => client.models.retrieve('no-such-model'),
      () => client.files.retrieve('file-none'),
      () => client.files.content('file-none'),
      () => client.files.delete('file-none'),
      () => client.batches.retrieve('batch_none'),
      () => client.batches.cancel('batch_none'),
      () => client.batches.create({ input_file_id: 'file-none', endpoint: '/v1/chat/completions', completion_window: '24h' }),
    ]) {
      await assert.rejects(missing, OpenAI.NotFoundError);
    }
  },

  async the_sdk_retries_what_is_worth_it() {
    // Each of our answers to it stands for three attempts at the provider.
    statuses.length = 0;
    const answer = await client.chat.completions.create({
      model,
      messages: user('again [[sim fault=rate_limit times=3 retry_after_ms=20]] ' + baseURL),
    });
    assert.match(answer.choices[0].message.content, /again/);
    assert.deepEqual(statuses, [429, 200]);
    statuses.length = 0;
    await assert.rejects(client.chat.completions.create({ model, messages: user('[[sim fault=quota]] b') }));
    assert.deepEqual(statuses, [429]);
  },

  async models() {
    const models = await collect(client.models.list());
    assert.ok(models.some(one => one.id === model));
    const one = await client.models.retrieve(model);
    has(one, 'id', 'object', 'created', 'owned_by');
    assert.equal(one.object, 'model');
  },

  async files() {
    const content = 'no JSON \u00e4\u{1F600}\r\n\u0000';
    const file = await client.files.create({
      file: await toFile(Buffer.from(content), 'a "name" \u00e4.jsonl'),
      purpose: 'batch',
      expires_after: { anchor: 'created_at', seconds: 3600 },
    });
    has(file, 'id', 'object', 'bytes', 'created_at', 'expires_at', 'filename', 'purpose', 'status');
    assert.equal(file.bytes, Buffer.byteLength(content));
    assert.equal(file.expires_at, file.created_at + 3600);
    assert.equal(file.filename, 'a "name" \u00e4.jsonl');
    assert.equal(file.status, 'processed');
    assert.deepEqual(await client.files.retrieve(file.id), file);
    assert.equal(await text(file.id), content);
    const range = await client.files.content(file.id, { headers: { range: 'bytes=3-6' } });
    assert.equal(range.status, 206);
    assert.equal(range.headers.get('content-range'), `bytes 3-6/${file.bytes}`);
    assert.equal(await range.text(), 'JSON');
    assert.deepEqual(await client.files.delete(file.id), { id: file.id, object: 'file', deleted: true });
    await assert.rejects(client.files.content(file.id), OpenAI.NotFoundError);
  },

  async file_pages() {
    const ids = [];
    for (let i = 0; i < 5; i++) {
      ids.unshift((await upload([line('a' + i, 'x')])).id);
    }
    const newest = await client.files.list({ limit: 2, purpose: 'batch' });
    assert.deepEqual(newest.data.map(file => file.id), ids.slice(0, 2));
    assert.equal(newest.has_more, true);
    const rest = await newest.getNextPage();
    assert.deepEqual(rest.data.map(file => file.id), ids.slice(2, 4));
    const all = await collect(client.files.list({ limit: 2, order: 'asc' }));
    assert.deepEqual(all.slice(-5).map(file => file.id), ids.toReversed());
    for (const id of ids) {
      await client.files.delete(id);
    }
  },

  async a_thousand_lines() {
    const lines = Array.from({ length: 1000 }, (_, i) =>
      line('c' + i, i % 200 === 7 ? `q${i} [[sim fault=bad_request]]` : `q${i}`, i === 0 ? { tools: weather, tool_choice: 'required' } : i === 1 ? { n: 2, logprobs: true } : {}),
    );
    const batch = await batchOf(lines, { metadata: { mine: 'yes' } });
    has(batch, ...BATCH);
    assert.equal(batch.object, 'batch');
    assert.ok(['validating', 'in_progress'].includes(batch.status));
    assert.deepEqual(batch.metadata, { mine: 'yes' });
    assert.equal(batch.expires_at, batch.created_at + 86400);
    const done = await ended(batch);
    assert.equal(done.status, 'completed');
    assert.equal(done.model, model);
    assert.deepEqual(done.request_counts, { total: 1000, completed: 995, failed: 5 });
    assert.ok(done.in_progress_at && done.finalizing_at && done.completed_at);
    assert.ok(done.in_progress_at <= done.finalizing_at && done.finalizing_at <= done.completed_at);
    assert.ok(done.usage.input_tokens > 0 && done.usage.total_tokens === done.usage.input_tokens + done.usage.output_tokens);
    has(done.usage, 'input_tokens_details', 'output_tokens_details');
    const output = jsonl(await text(done.output_file_id));
    const errors = jsonl(await text(done.error_file_id));
    assert.equal(output.length, 995);
    assert.equal(errors.length, 5);
    assert.equal(new Set([...output, ...errors].map(one => one.custom_id)).size, 1000);
    assert.equal(new Set([...output, ...errors].map(one => one.id)).size, 1000);
    for (const one of output) {
      assert.deepEqual(Object.keys(one), ['id', 'custom_id', 'response', 'error']);
      assert.match(one.id, /^batch_req_/);
      assert.equal(one.error, null);
      assert.equal(one.response.status_code, 200);
      assert.ok(one.response.request_id);
      has(one.response.body, 'id', 'object', 'created', 'model', 'choices', 'usage', 'system_fingerprint');
      if (one.custom_id !== 'c0') {
        assert.match(one.response.body.choices[0].message.content, new RegExp(`q${one.custom_id.slice(1)}$`));
      }
    }
    const by = Object.fromEntries(output.map(one => [one.custom_id, one.response.body]));
    assert.equal(by.c0.choices[0].message.tool_calls[0].function.name, 'weather');
    assert.equal(by.c1.choices.length, 2);
    assert.ok(by.c1.choices[1].logprobs.content.length > 0);
    for (const one of errors) {
      assert.equal(one.error, null);
      assert.equal(one.response.status_code, 400);
      assert.equal(one.response.body.error.type, 'invalid_request_error');
    }
    const file = await client.files.retrieve(done.output_file_id);
    assert.equal(file.purpose, 'batch_output');
    assert.equal(file.bytes, Buffer.byteLength(await text(done.output_file_id)));
  },

  async a_malformed_line_names_itself() {
    const file = await client.files.create({
      file: await toFile(
        Buffer.from(
          [
            JSON.stringify(line('a', 'good')),
            '{"custom_id":',
            JSON.stringify(line('a', 'the same name')),
            JSON.stringify({ ...line('b', 'elsewhere'), url: '/v1/embeddings' }),
            JSON.stringify(line('c', 'streams', { stream: true })),
          ].join('\n'),
        ),
        'bad.jsonl',
      ),
      purpose: 'batch',
    });
    const failed = await ended(
      await client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' }),
    );
    assert.equal(failed.status, 'failed');
    assert.ok(failed.failed_at);
    assert.equal(failed.errors.object, 'list');
    assert.deepEqual(
      failed.errors.data.map(({ line, code, param }) => [line, code, param]),
      [
        [2, 'invalid_json_line', null],
        [3, 'duplicate_custom_id', 'custom_id'],
        [4, 'out_of_range', 'url'],
        [5, 'out_of_range', 'body.stream'],
      ],
    );
    assert.equal(failed.output_file_id, null);
  },

  async cancel() {
    const batch = await batchOf([line('done', 'done'), line('held', 'held [[sim gate=node-cancel]]')]);
    await until(() => client.batches.retrieve(batch.id), now => now.request_counts.completed === 1);
    const cancelling = await client.batches.cancel(batch.id);
    assert.ok(['cancelling', 'cancelled'].includes(cancelling.status));
    assert.ok(cancelling.cancelling_at);
    await fetch(process.env.PROVIDER_ADMIN + 'gates/node-cancel', { method: 'POST' });
    const cancelled = await ended(batch);
    assert.equal(cancelled.status, 'cancelled');
    assert.ok(cancelled.cancelled_at);
    assert.ok(jsonl(await text(cancelled.output_file_id)).some(one => one.custom_id === 'done'));
  },

  async batch_pages() {
    const ids = [];
    for (let i = 0; i < 3; i++) {
      ids.unshift((await batchOf([line('a', 'page ' + i)])).id);
    }
    const first = await client.batches.list({ limit: 2 });
    assert.deepEqual(first.data.map(batch => batch.id), ids.slice(0, 2));
    assert.equal(first.has_more, true);
    const all = await collect(client.batches.list({ limit: 2 }));
    assert.deepEqual(all.slice(0, 3).map(batch => batch.id), ids);
    has(all[0], ...BATCH);
  },

  async streaming() {
    if (!streams) {
      await assert.rejects(
        client.chat.completions.create({ model, stream: true, messages: user('flow') }),
        error => error instanceof OpenAI.BadRequestError && error.code === 'streaming_unsupported' && error.param === 'stream',
      );
      return;
    }
    const chunks = await collect(
      await client.chat.completions.create({
        model,
        stream: true,
        stream_options: { include_usage: true },
        messages: user('one two three'),
      }),
    );
    assert.equal(chunks[0].choices[0].delta.role, 'assistant');
    const last = chunks.at(-1);
    assert.deepEqual(last.choices, []);
    assert.ok(last.usage.total_tokens > 0);
    assert.ok(chunks.slice(0, -1).every(chunk => chunk.usage === null && chunk.object === 'chat.completion.chunk'));
    assert.equal(chunks.at(-2).choices[0].finish_reason, 'stop');
    const said = chunks.flatMap(chunk => chunk.choices).map(choice => choice.delta.content ?? '').join('');
    assert.match(said, /one two three$/);
    const bare = await collect(await client.chat.completions.create({ model, stream: true, messages: user('bare') }));
    assert.ok(bare.every(chunk => !Object.hasOwn(chunk, 'usage') && chunk.choices.length === 1));
  },

  async streamed_tools() {
    if (!streams) {
      return;
    }
    const stream = client.chat.completions.stream({
      model,
      n: 2,
      tools: weather,
      tool_choice: { type: 'function', function: { name: 'weather' } },
      messages: user('How is the weather?'),
    });
    const pieces = (await collect(stream)).flatMap(chunk => chunk.choices).filter(choice => choice.delta.tool_calls);
    assert.ok(pieces.length > 4);
    const whole = await stream.finalChatCompletion();
    assert.equal(whole.choices.length, 2);
    for (const choice of whole.choices) {
      assert.deepEqual(JSON.parse(choice.message.tool_calls[0].function.arguments), { city: 'Bern', days: 1 });
    }
  },

  async streams_that_fail() {
    if (!streams) {
      return;
    }
    const broken = await client.chat.completions.create({
      model,
      stream: true,
      messages: user('[[sim fault=cut_after_first]] a b c d e f'),
    });
    await assert.rejects(collect(broken), OpenAI.APIError);
    await assert.rejects(
      client.chat.completions.create({ model, stream: true, messages: user('[[sim fault=bad_request]] a') }),
      OpenAI.BadRequestError,
    );
  },

  async a_stream_that_is_left_ends_at_the_provider() {
    if (!streams) {
      return;
    }
    const stream = await client.chat.completions.create({
      model,
      stream: true,
      messages: user('[[sim token_delay=300ms]] left alone ' + 'word '.repeat(200)),
    });
    for await (const chunk of stream) {
      if (chunk.choices[0].delta.content) {
        break;
      }
    }
    const gone = await fetch(process.env.PROVIDER_ADMIN + 'await?in_flight_at_most=0&timeout_ms=10000');
    assert.equal(gone.status, 200);
  },
};

for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log('ok ' + name);
  } catch (error) {
    console.log('failed ' + name + ': ' + String(error?.stack ?? error).replaceAll('\n', ' | '));
  }
}
