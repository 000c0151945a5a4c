"""Where vehicles come from: one package for each source, all of them shaped like :class:`base.Backend`."""
