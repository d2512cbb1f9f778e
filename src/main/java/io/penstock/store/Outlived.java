package io.penstock.store;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

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

    /// Removes some of them with all that belongs to them, where the engine does not do so by
    /// itself.
    ///
    /// @return whether any were removed
    public boolean forget() {
        List<String> outlivedJobs = documents.outlived(Kind.JOB);
        for (String stored : outlivedJobs) {
            Job job = Job.fromJson(stored);
            jobs.deleteMerge(job.area());
            payloads.deleteAll(job.prefix());
            jobs.delete(job);
        }
        List<String> outlivedFiles = documents.outlived(Kind.FILE);
        for (String stored : outlivedFiles) {
            String id = StoredFile.fromJson(stored).id();
            payloads.deleteAll(StoredFile.prefix(id));
            files.delete(id);
        }
        return !outlivedJobs.isEmpty() || !outlivedFiles.isEmpty();
    }
}
