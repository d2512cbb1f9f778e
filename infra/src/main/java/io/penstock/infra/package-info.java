/// Penstock's resources in AWS: the functions, the two APIs in front of them, the queue, the table
/// and the bucket behind them, roles and alarms.
///
/// Holds nothing of the application but the names of its settings. [PenstockApp] makes the
/// template.
@NullMarked
package io.penstock.infra;

import org.jspecify.annotations.NullMarked;
