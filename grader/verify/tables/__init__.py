"""The tables that `grade verify` prints, one a module. Only these modules of ``verify`` know rich."""
