package io.penstock.batch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.penstock.llm.Outcome;
import io.penstock.llm.Prices;
import io.penstock.llm.Running;
import io.penstock.llm.Usage;
import io.penstock.llm.Work;
import io.penstock.pipeline.Pipeline;
import io.penstock.pipeline.Pipelines;
import io.penstock.pipeline.Run;
import io.penstock.pipeline.StageOutcome;
import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.Tokens;
import io.penstock.tasks.TaskOutcome;
import io.penstock.tasks.Tasks;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Runs the items of one chunk against the model: each by one call, or through the stages of its
/// job's pipeline. Thread-safe.
final class ModelCalls implements Feed.Calls {

    /// The fewest that are usual, as in code.
    private static final int BYTES_OF_A_TOKEN = 2;

    private final Llm llm;
    private final Pipelines pipelines;
    private final Prices prices;
    private final Call.JobTerms job;
    private final @Nullable Pipeline pipeline;
    private final Tasks tasks;
    private final @Nullable String task;
    private final Duration itemDeadline;
    private final long firstItem;

    /// @param pipeline null where each item is one call, or a row of a task
    /// @param task null where the items are no rows of one
    /// @param itemDeadline of items that name none
    /// @param firstItem index of the chunk's first item in its job
    ModelCalls(
            Llm llm,
            Pipelines pipelines,
            Prices prices,
            Call.JobTerms job,
            @Nullable Pipeline pipeline,
            Tasks tasks,
            @Nullable String task,
            Duration itemDeadline,
            long firstItem) {
        this.llm = llm;
        this.pipelines = pipelines;
        this.prices = prices;
        this.job = job;
        this.pipeline = pipeline;
        this.tasks = tasks;
        this.task = task;
        this.itemDeadline = itemDeadline;
        this.firstItem = firstItem;
    }

    @Override
    public Feed.Begun begin(int place, Item item, Feed.Before before, Consumer<Happened> sent) {
        Duration limit = item.limit() != null ? item.limit() : itemDeadline;
        String id = job.name() + "/" + (firstItem + place);
        ObjectNode arguments = item.arguments();
        if (task != null && arguments != null) {
            Tasks.TaskRun row = tasks.begin(tasks.named(task), arguments, id, limit, job);
            row.work().calls().goesOn(before.failedMicros());
            return new Feed.Begun(
                    row.work().calls(),
                    () -> ended(place, item, row.work(), before, tasks.run(row)));
        }
        if (pipeline == null) {
            Call call = Call.of(item.prompt(), limit, job).goingOn(before.failedMicros());
            return new Feed.Begun(
                    call, () -> ended(place, item, call, before.attempts(), llm.complete(call)));
        }
        Run run = Run.of(pipeline, item.input(), id, before.stages(), limit, job);
        run.calls().goesOn(before.failedMicros());
        Consumer<Finished> passed =
                stage ->
                        sent.accept(
                                new Happened.StageDone(
                                        place,
                                        stage,
                                        tokens(stage, run.calls().asked(), item),
                                        run.calls().asked(),
                                        run.calls().begunNanos()));
        return new Feed.Begun(
                run.calls(),
                () -> ended(place, item, run, before.attempts(), pipelines.run(run, passed)));
    }

    private Happened.Ended ended(int place, Item item, Call call, int before, Outcome outcome) {
        return switch (outcome) {
            case Completion done ->
                    new Happened.Answered(
                            place,
                            ResultLine.completed(
                                    firstItem + place,
                                    item.customId(),
                                    done,
                                    before + call.attemptCount()),
                            tokens(done, call.asked(), item).plus(inVain(call)));
            case Failure failure -> failed(place, item, call, before, failure, null, inVain(call));
        };
    }

    private Happened.Ended ended(
            int place, Item item, Work work, Feed.Before before, TaskOutcome outcome) {
        int attempts = before.attempts() + work.calls().attemptCount();
        Tokens spent = tokens(work);
        return switch (outcome) {
            case TaskOutcome.Returned returned ->
                    new Happened.Answered(
                            place,
                            ResultLine.returned(
                                    firstItem + place,
                                    item.customId(),
                                    returned,
                                    work.last(),
                                    attempts,
                                    before.spent().plus(spent)),
                            spent,
                            !returned.fallback());
            case TaskOutcome.Failed(Failure failure, String raw) ->
                    new Happened.Failed(
                            place,
                            item.customId(),
                            failure,
                            null,
                            spent,
                            attempts,
                            work.calls().isDraining(),
                            raw);
        };
    }

    private Tokens tokens(Work work) {
        Usage usage = work.usage();
        Tokens answers =
                usage == null
                        ? new Tokens(0, 0, 0, 0, 0, work.last() == null ? 0 : 1)
                        : new Tokens(
                                usage.promptTokens(),
                                usage.completionTokens(),
                                work.costNanos(),
                                usage.cachedTokens(),
                                usage.reasoningTokens(),
                                0);
        return answers.plus(inVain(work.calls()));
    }

    private Happened.Ended ended(int place, Item item, Run run, int before, StageOutcome last) {
        return switch (last) {
            case Finished stage ->
                    new Happened.Answered(
                            place,
                            ResultLine.completed(
                                    firstItem + place,
                                    item.customId(),
                                    run.finished(),
                                    before + run.calls().attemptCount()),
                            tokens(stage, run.calls().asked(), item).plus(inVain(run.calls())));
            case StageOutcome.Failed(String stage, Failure failure, _, Completion unusable) ->
                    failed(
                            place,
                            item,
                            run.calls(),
                            before,
                            failure,
                            stage,
                            (unusable == null
                                            ? Tokens.NONE
                                            : tokens(unusable, run.calls().asked(), item))
                                    .plus(inVain(run.calls())));
        };
    }

    private static Happened.Failed failed(
            int place,
            Item item,
            Running work,
            int before,
            Failure failure,
            @Nullable String stage,
            Tokens spent) {
        return new Happened.Failed(
                place,
                item.customId(),
                failure,
                stage,
                spent,
                before + work.attemptCount(),
                work.isDraining());
    }

    private Tokens inVain(Running work) {
        return work.inVain().stream()
                .map(spent -> prices.tokens(spent.model(), work.asked(), spent.usage()))
                .reduce(Tokens.NONE, Tokens::plus);
    }

    private Tokens tokens(Completion done, String asked, Item item) {
        return done.usage() != null
                ? prices.tokens(done.model(), asked, done.usage())
                : guessed(done.model(), asked, item, done.text());
    }

    private Tokens tokens(Finished stage, String asked, Item item) {
        return stage.usage() != null
                ? prices.tokens(stage.model(), asked, stage.usage())
                : guessed(stage.model(), asked, item, stage.result());
    }

    /// Of an answer without a usage only the cost is guessed, and rather too high: what a job may
    /// cost is to hold.
    private Tokens guessed(String served, String asked, Item item, String text) {
        long in = item.prompt().bytes() / BYTES_OF_A_TOKEN;
        long out = text.length() / BYTES_OF_A_TOKEN;
        long nanos = prices.nanos(served, asked, new Usage(in, out, in + out, 0, 0));
        return new Tokens(0, 0, Math.max(0, nanos), 0, 0, 1);
    }
}
