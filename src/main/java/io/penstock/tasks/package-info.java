/// The application's own AI services as tasks: methods with [BatchTask] are found when the
/// application is built, their arguments are checked by their parameters, and their answers by what
/// they return.
///
/// It knows no door and no batch. What a type is, is read once, at build time, from the source's
/// own types ([TaskDiscovery]): at run time there is no reflection on them, so that a native binary
/// does the same.
@NullMarked
package io.penstock.tasks;

import org.jspecify.annotations.NullMarked;
