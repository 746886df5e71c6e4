"""Whether this process lives, and whether it can work: two open addresses for whatever watches over it."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from monitor.errors import EdgeError
from monitor.storage import migrate
from monitor.storage.session import Database


def routes(database: Callable[[], Database]) -> list[Route]:
    """`/healthz` answers 200 while the process runs; `/readyz` only with a reachable database of this schema."""

    async def alive(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> JSONResponse:
        fault = await run_in_threadpool(_fault, database)
        return JSONResponse(
            {"status": "ok"} if fault is None else {"status": "not ready", "reason": fault},
            200 if fault is None else 503,
        )

    return [Route("/healthz", alive, methods=["GET", "HEAD"]), Route("/readyz", ready, methods=["GET", "HEAD"])]


def _fault(database: Callable[[], Database]) -> str | None:
    try:
        found = migrate.revision(database())
    except EdgeError as error:
        return str(error)
    if found != migrate.newest():
        return "the database has not been migrated; start the program again"
    return None
