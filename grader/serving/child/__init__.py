"""What runs inside the app's own process: load the learner's module, serve it, explain what goes wrong.

Nothing that this package reports decides a verdict: the learner's code shares its process and could forge all of it.
It imports nothing else of the grader, so that it starts as fast as a bare uvicorn.

Conversation with the grader, over two pipes: status lines (JSON) go out, and on the lifeline comes ``s`` (stop), ``g``
(collect garbage) or the end of the grader itself, after which nothing of this process group may live on.
"""
