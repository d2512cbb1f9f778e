/// Measurements, run with `-Pbench`. They print figures and judge nothing.
@NullMarked
package io.penstock.bench;

import org.jspecify.annotations.NullMarked;
