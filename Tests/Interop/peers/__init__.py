"""The real peers that the relay meets in the interop suite, each started and ended by its own class."""
