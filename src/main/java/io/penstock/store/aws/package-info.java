/// The store in AWS: documents in one DynamoDB table, payloads in an S3 bucket, the queue of work
/// in SQS.
///
/// It makes none of them: the table, its indices `created` and `live`, the bucket and both queues
/// are there before the first call. What only costs money when it is left over, such as parts of an
/// upload whose process was killed, is the bucket's lifecycle rule to remove.
@NullMarked
package io.penstock.store.aws;

import org.jspecify.annotations.NullMarked;
