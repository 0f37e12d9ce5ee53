"""Kata 2: a long task that reports its progress. Read README.md, then edit this file until `grade kata-2` passes.

Try it by hand:  uvicorn app:app --reload
                 curl -N --json '{"task": "index", "steps": 3}' 'http://127.0.0.1:8000/tasks?stream=true'
"""

from fastapi import FastAPI, HTTPException

from grader.kit import UpstreamError, upstream  # upstream(task) yields the outcome of each step

app = FastAPI()


@app.post("/tasks")
async def run_task(body: dict, stream: bool = False, heartbeat: float = 15.0):
    # Your task: pull one item for each step, and respond in the mode of the request.
    # A Pydantic model instead of `dict` describes what a valid body is.
    raise HTTPException(status_code=501, detail="not written yet")
