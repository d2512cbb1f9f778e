/// Tests of keys and what they may use.
@NullMarked
package io.penstock.access;

import org.jspecify.annotations.NullMarked;
