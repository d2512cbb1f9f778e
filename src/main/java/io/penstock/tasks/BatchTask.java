package io.penstock.tasks;

import jakarta.enterprise.util.Nonbinding;
import jakarta.interceptor.InterceptorBinding;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Makes a method of an AI service a task: it can be called at `POST /tasks/{name}`, run over the
/// rows of a batch, and be a stage of a pipeline.
///
/// The method is abstract, in an interface with `@RegisterAiService`. Its parameters are text,
/// numbers, booleans, enums, records and lists of these; it returns one of them, or LangChain4j's
/// `Result` of one. What does not go stops the build with a sentence.
@Documented
@InterceptorBinding
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface BatchTask {

    /// The task's name: 1 to 64 lower-case letters, digits, hyphens and underscores, one task each.
    @Nonbinding
    String value();
}
