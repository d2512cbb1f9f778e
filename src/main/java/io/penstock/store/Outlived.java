package io.penstock.store;

import jakarta.enterprise.context.ApplicationScoped;

/// Jobs past their retention and files that have expired, which nobody can read any more.
/// Thread-safe.
@ApplicationScoped
public class Outlived {

    private final Documents documents;
    private final JobStore jobs;
    private final FileStore files;
    private final Payloads payloads;

    public Outlived(Documents documents, JobStore jobs, FileStore files, Payloads payloads) {
        this.documents = documents;
        this.jobs = jobs;
        this.files = files;
        this.payloads = payloads;
    }

    /// Removes some with all that belongs to them, where the engine does not do so by itself.
    public void forget() {
        for (String stored : documents.outlived(Kind.JOB)) {
            Job job = Job.fromJson(stored);
            payloads.deleteAll(job.prefix());
            jobs.delete(job);
        }
        for (String stored : documents.outlived(Kind.FILE)) {
            String id = StoredFile.fromJson(stored).id();
            payloads.deleteAll(StoredFile.prefix(id));
            files.delete(id);
        }
    }
}
