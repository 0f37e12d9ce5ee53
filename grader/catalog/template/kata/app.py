"""Kata @NUMBER@. Read README.md, then write it until `grade kata-@NUMBER@` passes.

Try it by hand:  uvicorn app:app --reload
                 curl -N 'http://127.0.0.1:8000/items?name=hello'
"""

from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/items")
async def items(name: str):
    # FILL IN: one sentence about what is to be done here.
    raise HTTPException(status_code=501, detail="not written yet")
