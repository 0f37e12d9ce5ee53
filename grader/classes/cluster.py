"""Grades on the workers of a Dask cluster.

A bounded window of grades is in flight, one for each thread of a worker. A result is fetched and released at once:
what lies on a worker that dies would be computed again. A grade that loses its worker is not given to the next one,
which it might kill as well: it comes back as a trouble, and is tried again alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any, Final

from grader.classes.order import Order
from grader.classes.shipment import Shipment, grade_here
from grader.errors import Inconclusive, UsageError
from grader.pool.news import Result, Trouble

#: The address that means a cluster of this machine, with a worker for each processor.
LOCAL: Final = "local"
#: Seconds until the first worker is there.
_WORKERS: Final = 60.0


class ClusterGraders:
    """Carries out orders on the workers of ``client``."""

    def __init__(self, client: Any, *, is_unsafe: bool) -> None:
        self._client = client
        self._is_unsafe = is_unsafe
        self.at_once: int = max(1, sum(client.nthreads().values()))

    def submit(self, order: Order) -> Future[Result]:
        """See :class:`grader.classes.order.Graders`."""
        shipment = Shipment.of(order, is_unsafe=self._is_unsafe)
        sent = self._client.submit(grade_here, shipment, pure=False, retries=0)
        result: Future[Result] = Future()
        sent.add_done_callback(lambda done: result.set_result(_fetched(done)))
        return result


def _fetched(done: Any) -> Result:
    try:
        found = done.result()
    except Exception as error:  # of Dask: the worker has died, or was closed
        return Trouble(f"a worker of the cluster failed ({type(error).__name__}: {error})")
    finally:
        done.release()
    assert isinstance(found, Result), "grade_here returns one"
    return found


@contextmanager
def cluster_graders(address: str, *, is_unsafe: bool) -> Iterator[ClusterGraders]:
    """The workers at ``address``, or a cluster of this machine for "local". Raises UsageError and Inconclusive."""
    try:
        dask: Any = import_module("distributed")  # an extra, which takes a second to import, and has no types
    except ImportError:
        raise UsageError("--dask needs the extra dask: install distributed.") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # of a worker that dies, the ledger tells
    with ExitStack() as held:
        try:
            if address == LOCAL:
                cluster = held.enter_context(
                    dask.LocalCluster(threads_per_worker=1, processes=True, dashboard_address=None)
                )
                client = held.enter_context(dask.Client(cluster))
            else:
                client = held.enter_context(dask.Client(address, timeout=_WORKERS))
            client.wait_for_workers(1, timeout=_WORKERS)
        except (OSError, TimeoutError, ValueError) as error:
            raise Inconclusive(f"no Dask cluster with a worker at {address}: {error}") from None
        client.run_on_scheduler(_give_up_at_once)
        yield ClusterGraders(client, is_unsafe=is_unsafe)


async def _give_up_at_once(dask_scheduler: Any) -> None:
    """Runs in the scheduler: a task whose worker dies fails, and none is moved to another worker."""
    dask_scheduler.allowed_failures = 0
    if (stealing := dask_scheduler.extensions.get("stealing")) is not None:
        await stealing.stop()
