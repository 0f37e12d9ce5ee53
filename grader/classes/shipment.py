"""One submission as bytes, for a machine that shares nothing with this one; and what that machine does with it."""

from __future__ import annotations

import io
import tarfile
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader.catalog import installed
from grader.catalog.kata import BUNDLED, Kata
from grader.catalog.packs import bundled
from grader.classes.intake.archive import unpack
from grader.classes.intake.material import digest_of
from grader.classes.intake.rejection import Rejected
from grader.classes.model import Bounds
from grader.classes.order import LocalGraders, Order
from grader.errors import BadKata
from grader.pool.news import Result, Trouble
from grader.pool.pool import Pool
from grader.pool.servers import ForkServers, fork_servers
from grader.serving.jail import choice
from grader.serving.jail.plan import Tier
from grader.serving.limits import LaunchLimits

#: What an instructor's own machine has let through.
_BOUNDS = Bounds(size=64 << 20, files=5000)


@dataclass(frozen=True, slots=True)
class Shipment:
    """An order, with the private copy as a tar file in ``content``. ``is_unsafe``: it may be graded without a jail."""

    kata: Kata
    specification: str
    content: bytes
    app: str
    digest: str
    seed: str
    limits: LaunchLimits
    is_unsafe: bool = False

    @classmethod
    def of(cls, order: Order, *, is_unsafe: bool = False) -> Shipment:
        """What an order sends elsewhere."""
        return cls(
            kata=order.kata,
            specification=order.specification,
            content=_packed(order.folder),
            app=order.app,
            digest=order.digest,
            seed=order.seed,
            limits=order.limits,
            is_unsafe=is_unsafe,
        )


def _packed(folder: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, arcname=".")
    return packed.getvalue()


def grade_here(shipment: Shipment) -> Result:
    """Grade it on this machine, and report. Whatever hinders that is a Trouble."""
    try:
        kata = _kata(shipment)
        tier = _tier(is_unsafe=shipment.is_unsafe)
        with tempfile.TemporaryDirectory(prefix="stream-katas-") as place:
            order = _order(shipment, kata, Path(place))
            with Pool(1, _servers()) as pool:
                return LocalGraders(pool, tier=tier, at_once=1).submit(order).result()
    except (OSError, BadKata, _Unfit, Rejected) as error:
        return Trouble(f"a worker cannot grade it: {error}")


class _Unfit(Exception):
    """This machine is none that can grade this."""


def _order(shipment: Shipment, kata: Kata, place: Path) -> Order:
    file, folder = place / "submission.tar", place / "submission"
    file.write_bytes(shipment.content)
    folder.mkdir()
    unpack(file, folder, _BOUNDS)
    if digest_of(folder, shipment.app) != shipment.digest:
        raise _Unfit("the submission that came is not the one that was sent")
    return Order(kata, shipment.specification, folder, shipment.app, shipment.digest, shipment.seed, shipment.limits)


def _kata(shipment: Shipment) -> Kata:
    """The kata as this machine has it, with the same specification. Raises _Unfit and BadKata."""
    sent = shipment.kata
    known = bundled() if sent.pack == BUNDLED else [sent, *installed.catalog().katas]
    for kata in known:
        if kata.name == sent.name and kata.folder.is_dir() and kata.origin.digest == shipment.specification:
            return kata
    raise _Unfit(f"it has no {sent.id} with the specification {shipment.specification[:12]}")


def _tier(*, is_unsafe: bool) -> Tier:
    tier = choice.for_submission()
    if tier is Tier.NONE and not is_unsafe:
        raise _Unfit("it offers no jail; `grade doctor` says there what is missing, and --unsafe does without")
    return tier


_starting = threading.Lock()


def _servers() -> ForkServers | None:
    """The fork servers of this process, which all of its grades share until it ends."""
    with _starting:
        return _started()


@cache
def _started() -> ForkServers | None:
    return ExitStack().enter_context(fork_servers())
