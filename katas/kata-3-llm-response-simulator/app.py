"""Kata 3: an LLM's completion, token by token. Read README.md, then edit this file until `grade kata-3` passes.

Try it by hand:  uvicorn app:app --reload
                 curl -N http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' \
                      -d '{"model": "kata", "messages": [{"role": "user", "content": "hello"}], "stream": true}'
"""

from fastapi import FastAPI, HTTPException

from grader.kit import UpstreamError, upstream  # upstream(prompt) yields the tokens

app = FastAPI()


@app.post("/v1/chat/completions")
async def chat_completions():
    # Your task: describe the body, pull the tokens with `async for token in upstream(prompt)`, and respond in the mode
    # of the request.
    raise HTTPException(status_code=501, detail="not written yet")
