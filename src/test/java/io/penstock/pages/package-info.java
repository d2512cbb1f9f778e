/// Holds the manual against what it describes: links, settings, commands and their answers.
@NullMarked
package io.penstock.pages;

import org.jspecify.annotations.NullMarked;
