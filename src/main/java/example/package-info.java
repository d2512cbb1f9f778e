/// Where an application's own AI services live: any package beside Penstock's own will do.
@NullMarked
package example;

import org.jspecify.annotations.NullMarked;
