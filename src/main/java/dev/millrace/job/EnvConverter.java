package dev.millrace.job;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The name of an environment, which is that of a file in {@code conf/} and nothing else. */
final class EnvConverter implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
        if (!value.matches("[A-Za-z0-9][A-Za-z0-9_-]*")) {
            throw new TypeConversionException(
                    "Invalid env: " + value + ": must be letters, digits, - and _, the name of a file conf/NAME.yaml");
        }
        return value;
    }
}
