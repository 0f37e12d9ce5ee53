"""The code in the app's own process: load the learner's module, serve it, explain what goes wrong.

Nothing that this package reports decides a verdict: the learner's code shares its process and could forge all of it.
Of the grader it imports :mod:`grader.wire` alone, so that it starts as fast as a bare uvicorn. Importing a module of it
changes nothing in the process.

It talks with the grader over two pipes: status lines go out, and on the lifeline come orders, or the end of the grader
itself, after which nothing of this process group may live on.
"""
