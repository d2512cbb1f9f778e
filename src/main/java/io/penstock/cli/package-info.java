/// The command line: one file of prompts to one file of results, and what else is asked for at a
/// terminal.
///
/// It stands above all doors and beside none: nobody uses it. [Main] reads the arguments before
/// Quarkus starts. Without any, the process is what it always was, a function or a server; commands
/// that ask a running Penstock are HTTP clients and never start Quarkus; [CommandApplication] is
/// Quarkus without a port, for the commands that call the provider themselves.
///
/// `penstock run` by its course: [RunCommand] has the options, [PromptFile] the items, [RunRecord]
/// is what the next process is to know, [BatchRun] watches the job, [ResultsFile] writes its
/// results as they come, and a [Display] shows it.
@NullMarked
package io.penstock.cli;

import org.jspecify.annotations.NullMarked;
