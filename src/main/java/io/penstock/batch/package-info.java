/// Runs many prompts: takes them in, splits them into chunks, runs each chunk once whatever dies,
/// and puts the results together.
///
/// It knows no door. Messages of the queue are hints to look at the stored state; every step is
/// safe to repeat, and only the holder of a chunk's latest claim can record results.
///
/// The classes by a batch's life:
/// - Intake: [Submissions] makes a job of the chunks into which [Intake] cuts the items. Where the
///   items are in a file, the job comes first and [Splitting] reads the file. [ItemReader] reads an
///   item, [JobOptions] what holds for all.
/// - Run: [Worker] does the [Task] of a message. One thread owns a [ChunkRun]: the [Feed] starts
///   the items and sends what [Happened], the [Claim] records. [Outage] tells a provider that is
///   away from items that fail, [CarefulRun] finds an item that ends its workers, and [DeadLetters]
///   gives up what nobody can run.
/// - Results: [ResultLine] is the outcome of an item, [Segments] those of a chunk. [Finisher] puts
///   them together and ends the job, [Results] reads them at any time, [OutputFiles] are what
///   OpenAI's API gives.
///
/// [Batches] is what callers do with a job meanwhile, and [Sweep] finds what got lost.
///
/// They are one package because jobs, tasks and result lines go through all three: in packages of
/// their own most of their types would have to be public.
@NullMarked
package io.penstock.batch;

import org.jspecify.annotations.NullMarked;
