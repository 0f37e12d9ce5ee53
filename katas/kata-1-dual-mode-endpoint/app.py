"""Kata 1: one endpoint, two modes. Read README.md, then edit this file until `grade kata-1` passes.

Try it by hand:  uvicorn app:app --reload
                 curl -N 'http://127.0.0.1:8000/generate?prompt=hello&stream=true'
"""

from fastapi import FastAPI, HTTPException

from grader.kit import UpstreamError, upstream  # upstream(prompt) yields the chunks

app = FastAPI()


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    # Your task: pull the chunks with `async for chunk in upstream(prompt)`, and respond in the mode of the request.
    raise HTTPException(status_code=501, detail="not written yet")
