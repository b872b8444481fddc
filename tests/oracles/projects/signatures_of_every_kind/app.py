from __future__ import annotations

from typing import Any

from celery import Celery

app = Celery("sigs", broker="memory://")
DEFAULT = 5


@app.task
def a(x, /, y, *args, z, w=1, **kw): ...


@app.task(bind=True)
def b(self, /, x: dict[str, Any], y: int = DEFAULT) -> None: ...


@app.task(bind=True)
def c(task, *, only=None, flag=True): ...


@app.task
async def d(x=0.5, y=b"x", z=[]): ...


@app.task
def e(x={}, y=(), z=..., w=1 + 1, v=lambda: 1): ...


@app.task(bind=True, name="app.f-named")
def f(*args, **kwargs): ...
