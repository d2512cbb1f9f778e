/// Penstock's resources in AWS. Holds nothing of the application but the names of its settings.
package io.penstock.infra;
