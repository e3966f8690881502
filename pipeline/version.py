"""The version of Throughline, as written into results."""

VERSION = "0.1.0"
