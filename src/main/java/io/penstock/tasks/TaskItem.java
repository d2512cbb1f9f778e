package io.penstock.tasks;

import jakarta.enterprise.context.RequestScoped;

/// The item that a task is run for, for the application's own tools: inject it and ask for its
/// [#id], by which what a tool does can be done once, however often the tool runs.
///
/// A tool runs once for each time that the model asks for it, and again when the item is run again:
/// by the method's own `@Retry`, or because its worker has ended before the item's outcome was
/// recorded.
@RequestScoped
public class TaskItem {

    private volatile String id = "";

    /// The same each time the item is run: of a batch's item its batch's id, a slash, and its index
    /// from 0; else the request's own. Empty outside of a task.
    public String id() {
        return id;
    }

    void is(String its) {
        id = its;
    }
}
