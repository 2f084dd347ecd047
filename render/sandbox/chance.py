"""Fixed chance and time: a program gives the same picture in every worker, however often it runs.

`fix_chance` replaces, in the worker that all programs are forked from, whatever Python offers of random numbers and
clocks. The hash seed is fixed by the workers' environment (see `launch.py`). Clocks tick by a step at each look, and
sleeping moves them on without waiting, so that loops that wait for the time end as they would. This is not a layer of
the sandbox: a program that wants true chance can reach the C library for it, and changes nothing but its own picture.
Addresses in memory, by which a set orders objects that have no value of their own, are alike in most runs, by how
processes are started (`launch.py`) and forked (`template.py`); they are not promised.

Imports nothing of the package.
"""

import datetime
import hashlib
import itertools
import os
import random
import secrets
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

START = 1_767_268_800
"""Seconds since 1970 at which every program begins: 2026-01-01 12:00 UTC."""
TICK = 1_000_000
"""Nanoseconds that pass between two looks at a clock."""
SEED = 0


def fix_chance() -> None:
    """Fix random numbers and clocks in this process and its children."""
    _fix_entropy()
    _fix_clocks()
    _fix_dates()
    os.getpid = os.getppid = lambda: 1
    fix_child()
    try:
        import numpy as np
    except ImportError:
        return
    np.random.seed(SEED)
    _fix_moments(np)
    if "pandas" in sys.modules:
        _fix_timestamps(sys.modules["pandas"].Timestamp)


def fix_child() -> None:
    """Seed a child's random numbers: Python gives every process that is forked new ones."""
    random.seed(SEED)


def _fix_entropy() -> None:
    """Let the system's entropy be a stream of hashes, and every generator without a seed take its seed from there."""
    numbers = itertools.count()

    def entropy(size: int, *flags: int) -> bytes:
        blocks = (hashlib.sha256(b"entropy %d" % next(numbers)).digest() for _ in range(-(-size // 32)))
        return b"".join(blocks)[:size]

    os.urandom = entropy
    os.getrandom = entropy  # type: ignore[assignment]
    random._urandom = entropy  # type: ignore[attr-defined]
    secrets.token_bytes = lambda nbytes=None: entropy(32 if nbytes is None else nbytes)
    plain_seed = random.Random.seed

    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        plain_seed(self, int.from_bytes(entropy(16), "big") if a is None else a, version)

    random.Random.seed = seed  # type: ignore[method-assign]
    random.seed = random._inst.seed
    # Of this machine's network card, and of a library that asks the system.
    uuid._node = 0x020000000001  # type: ignore[attr-defined]
    uuid._generate_time_safe = uuid._UuidCreate = None  # type: ignore[attr-defined]


def _fix_clocks() -> None:
    """Let all clocks of `time` tick by a step at each look, and sleeping move them on."""
    clock_ns = START * 10**9

    def now_ns(*clock: int) -> int:
        nonlocal clock_ns
        clock_ns += TICK
        return clock_ns

    def now(*clock: int) -> float:
        return now_ns() / 10**9

    def since_start_ns() -> int:
        return now_ns() - START * 10**9

    def since_start() -> float:
        return since_start_ns() / 10**9

    def sleep(seconds: Any) -> None:
        nonlocal clock_ns
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        clock_ns += int(seconds * 10**9)

    def at_now(convert: Callable[..., Any]) -> Callable[..., Any]:
        return lambda seconds=None: convert(now() if seconds is None else seconds)

    plain_strftime, localtime = time.strftime, at_now(time.localtime)
    time.time, time.time_ns, time.sleep = now, now_ns, sleep
    time.clock_gettime, time.clock_gettime_ns = now, now_ns
    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        setattr(time, name, since_start)
        setattr(time, f"{name}_ns", since_start_ns)
    time.gmtime, time.localtime, time.ctime = at_now(time.gmtime), localtime, at_now(time.ctime)
    plain_asctime = time.asctime
    time.asctime = lambda moment=None: plain_asctime(localtime() if moment is None else moment)
    time.strftime = lambda pattern, moment=None: plain_strftime(pattern, localtime() if moment is None else moment)


def _fix_dates() -> None:
    """Let `datetime` take today and now from the clocks of `time`."""
    plain_date, plain_datetime = datetime.date, datetime.datetime

    class AnyDate(type):
        """Takes the dates and times of C code for what they are."""

        def __subclasscheck__(cls, subclass: type) -> bool:
            plain_class = {"date": plain_date, "datetime": plain_datetime}.get(cls.__name__)
            return type.__subclasscheck__(cls, subclass) if plain_class is None else issubclass(subclass, plain_class)

        def __instancecheck__(cls, instance: object) -> bool:
            return cls.__subclasscheck__(type(instance))

    class FixedDate(plain_date, metaclass=AnyDate):  # type: ignore[misc, valid-type]
        """A date whose today is fixed."""

        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(time.time())

    class FixedDatetime(plain_datetime, metaclass=AnyDate):  # type: ignore[misc, valid-type]
        """A time whose now is fixed."""

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls.fromtimestamp(time.time(), tz)

        @classmethod
        def today(cls) -> Any:
            return cls.now()

        @classmethod
        def utcnow(cls) -> Any:
            return cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)

    for fixed_class, name in ((FixedDate, "date"), (FixedDatetime, "datetime")):
        fixed_class.__name__ = fixed_class.__qualname__ = name
        fixed_class.__module__ = "datetime"
    datetime.date, datetime.datetime = FixedDate, FixedDatetime  # type: ignore[misc]


def _fix_moments(np: Any) -> None:
    """Let `numpy.datetime64("now")` and `("today")` be those of `datetime`; numpy asks the C library for them."""
    plain_moment = np.datetime64

    class AnyMoment(type):
        """Takes numpy's own moments for what they are, and is equal to their class: numpy looks for that in tuples."""

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, plain_moment)

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, plain_moment)

        def __eq__(cls, other: object) -> bool:
            return other is plain_moment or other is cls

        def __hash__(cls) -> int:
            return hash(plain_moment)

    class FixedMoment(plain_moment, metaclass=AnyMoment):  # type: ignore[misc, valid-type]
        """Makes moments of numpy's own class, those of now from the fixed clock."""

        def __new__(cls, *arguments: Any) -> Any:
            if arguments and isinstance(arguments[0], str) and arguments[0].lower() in ("now", "today"):
                now = datetime.datetime.utcnow().isoformat(timespec="seconds")
                moment = now if arguments[0].lower() == "now" else now[: len("2026-01-01")]
                return plain_moment(moment, *arguments[1:])
            return plain_moment(*arguments)

    FixedMoment.__name__ = FixedMoment.__qualname__ = plain_moment.__name__
    FixedMoment.__module__ = plain_moment.__module__
    np.datetime64 = FixedMoment


def _fix_timestamps(timestamp: Any) -> None:
    """Let now and today of pandas' class `timestamp` be those of `datetime`."""
    timestamp.now = classmethod(lambda cls, tz=None: cls(datetime.datetime.now(tz)))
    timestamp.today = classmethod(lambda cls, tz=None: cls(datetime.datetime.now(tz)))
    timestamp.utcnow = classmethod(lambda cls: cls(datetime.datetime.now(datetime.UTC)))
