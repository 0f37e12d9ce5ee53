"""The jail around an app's process: what the learner's code can reach.

It is entered by trusted code in the app's own process, before the learner's module is imported. One module for each
mechanism: ``landlock`` (files, ports, signals), ``seccomp`` (system calls), ``namespaces`` and ``mounts`` (a network,
processes and files of its own), ``identity`` (user and capabilities). ``entry`` puts them together, ``canaries`` tries
whether they hold. All of these need the standard library only. ``choice`` and ``sockets`` are the grader's side.
"""
