package io.penstock.cli;

import picocli.CommandLine.IVersionProvider;

/// Which Penstock this is.
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        String built = Version.class.getPackage().getImplementationVersion();
        return new String[] {"penstock " + (built == null ? "(built here)" : built)};
    }
}
