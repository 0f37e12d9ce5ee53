"""Kata 3: an LLM's answer, token by token. Read README.md, then make `grade kata-3` happy.

Try it by hand:  uvicorn app:app --reload
                 curl -N http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' \
                      -d '{"model": "kata", "messages": [{"role": "user", "content": "hello"}], "stream": true}'
"""

from fastapi import FastAPI, HTTPException

from grader.kit import UpstreamError, upstream  # upstream(prompt) yields the tokens, one by one

app = FastAPI()


@app.post("/v1/chat/completions")
async def chat_completions():
    # Your work: describe the body, pull the tokens with `async for token in upstream(prompt)`, and answer in the mode
    # that was asked for.
    raise HTTPException(status_code=501, detail="not written yet")
