"""What runs in the app's process: loading a module, refusing it, and showing the learner's own lines only."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.serving.child.frames import MOST_FRAMES, CutFormatter, LearnerFrames
from grader.serving.child.load import Message, load
from grader.serving.child.refusal import Refusal
from grader.serving.child.serve import Lifespan, LifespanFailure
from grader.serving.child.sockets import ServerSockets
from grader.serving.child.source import FreshLoader
from grader.serving.module import locate
from grader.wire import ChildConfig, Location

ASGI = "async def app(scope, receive, send): pass"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An app's folder. Whatever is imported from it is forgotten after the test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    monkeypatch.setattr(sys, "path_importer_cache", dict(sys.path_importer_cache))
    before = dict(sys.modules)
    for name in ("app", "helper"):
        monkeypatch.setitem(sys.modules, name, sys)
        del sys.modules[name]
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in str(getattr(module, "__file__", "")):
            del sys.modules[name]
            if name in before:  # a file of the folder has taken its place
                sys.modules[name] = before[name]


def write(folder: Path, source: str, name: str = "app.py") -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(textwrap.dedent(source), "utf-8")
    return folder / name


def load_file(file: Path, name: str = "app", *, factory: bool = False) -> Any:
    module = locate(file)
    place = (str(file), str(module.root), module.name)
    config = ChildConfig(*place, name, factory, "asyncio", "h11", 0, "", 0, 0, 0)
    return load(config, LearnerFrames(module.root))


def load_app(folder: Path, source: str, name: str = "app", *, factory: bool = False) -> Any:
    return load_file(write(folder, source), name, factory=factory)


def raised(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


# -- loading --------------------------------------------------------------------------------------------------------

APPS = {
    "function": ASGI,
    "defaults": "async def app(scope, receive, send, *, debug=False): pass",
    "anything": "async def app(*args): pass",
    "object": "class App:\n    async def __call__(self, scope, receive, send): pass\napp = App()",
    "method": "class App:\n    async def run(self, scope, receive, send): pass\napp = App().run",
    "partial": "import functools\nasync def f(x, scope, receive, send): pass\napp = functools.partial(f, 1)",
    "FastAPI": "from fastapi import FastAPI\napp = FastAPI()",
    "dataclass": "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    "@dataclass\nclass A:\n    n: int = 1\n    async def __call__(self, scope, receive, send): pass\napp = A()",
}


@pytest.mark.parametrize("kind", APPS)
def test_whatever_takes_asgis_arguments_is_an_app(kind: str, folder: Path) -> None:
    assert callable(load_app(folder, APPS[kind]))


def test_an_app_of_another_name_is_found(folder: Path) -> None:
    assert load_app(folder, ASGI.replace("app", "server"), "server").__name__ == "server"


def test_a_module_finds_itself_and_its_siblings(folder: Path) -> None:
    write(folder, "name = 'the helper'", "helper.py")
    app = load_app(folder, f"import sys, helper\n{ASGI}\napp.seen = (helper.name, sys.modules['app'].app is app)")
    assert app.seen == ("the helper", True)


def test_an_environment_inside_of_the_folder_is_no_part_of_the_app(folder: Path) -> None:
    library = folder / "env" / "lib"
    library.mkdir(parents=True)
    sys.path.append(str(library))
    write(library, "", "helper.py")
    app = load_app(folder, f"import helper\n{ASGI}\napp.loader = helper.__loader__")
    assert not isinstance(app.loader, FreshLoader)


REFUSED = {
    "no app": ("x = 1", "app.py has no “app”", "Define it: app = FastAPI()"),
    "another name": (
        "from fastapi import FastAPI\nserver = FastAPI()",
        "app.py has no “app”",
        "It has “server”: rename it, or add --app app.py:server.",
    ),
    "an error without words": (
        "class Odd(BaseException):\n    def __str__(self): raise self\nraise Odd",
        "app.py raises Odd while it is imported: (an error whose text cannot be had)",
        "",
    ),
    "a number": ("app = 42", "“app” in app.py is an int, not an ASGI application", "app = FastAPI() is one."),
    "nothing": ("app = None", "“app” in app.py is a NoneType, not an ASGI application", ""),
    "WSGI": ("def app(environ, start_response): pass", "a function that does not take ASGI's three arguments", ""),
    "a class": ("class app:\n    async def __call__(self, a, b, c): pass", "a type that does not take ASGI's", ""),
    "another scope": ("async def app(scope): pass", "a function that does not take ASGI's three", ""),
    "syntax": ("x = (", "app.py is not valid Python: '(' was never closed", "Fix the line shown."),
    "not installed": (
        "from no_such_thing.inside import x",
        "app.py imports “no_such_thing”, which is not installed here",
        "",
    ),
    "no such part": (
        "import email.nothing",
        "app.py imports “email.nothing”, which does not exist",
        "The package “email” has no module “nothing”.",
    ),
    "another part": (
        "from fastapi.response import JSONResponse",
        "app.py imports “fastapi.response”, which does not exist",
        "Did you mean “fastapi.responses”?",
    ),
    "exit": ("exit(3)", "exits while it is imported (SystemExit: 3)", "An app module must only define things"),
    "interrupt": ("raise KeyboardInterrupt", "raises KeyboardInterrupt while it is imported", ""),
    "annotation": (
        'raise RuntimeError("Invalid args for response field! Hint: check that a | b is a valid Pydantic field type.")',
        "app.py has an annotation of which FastAPI can make no field: a | b",
        "write response_model=None in the decorator",
    ),
    "exception": ("{}['key']", "app.py raises KeyError while it is imported: 'key'", "Run `python app.py`"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_app_is_refused_with_advice(kind: str, folder: Path) -> None:
    source, headline, advice = REFUSED[kind]
    with pytest.raises(Refusal) as refused:
        load_app(folder, source)
    assert headline in refused.value.failed.headline
    assert advice in refused.value.failed.advice


FACTORIES = {
    "function": ("def create_app():\n    return app", "create_app"),
    "coroutine function's app": ("create_app = lambda: app", "create_app"),
    "class": ("class App:\n    async def __call__(self, scope, receive, send): pass", "App"),
    "defaults": ("def create_app(debug=False):\n    return app", "create_app"),
    "inside of an object": ("class api:\n    make = staticmethod(lambda: app)", "api.make"),
}


@pytest.mark.parametrize("kind", FACTORIES)
def test_a_factory_makes_the_app(kind: str, folder: Path) -> None:
    source, name = FACTORIES[kind]
    assert callable(load_app(folder, f"{ASGI}\n{source}", name, factory=True))


@pytest.mark.parametrize(
    ("source", "name", "factory", "headline", "advice"),
    [
        ("def make(): return 1", "make", False, "“make” in app.py is a function that does not take", "add --factory"),
        ("def make(): return 1", "make", True, "“make()” in app.py is an int, not an ASGI application", ""),
        ("def make(): return {}['k']", "make", True, "“make” in app.py raises KeyError: 'k'", "without arguments"),
        ("def make(x): pass", "make", True, "“make” in app.py raises TypeError", "without arguments"),
        ("make = 1", "make", True, "“make” in app.py is an int, not a function", "Leave --factory out."),
        ("def create_app(): pass", "app", False, "app.py has no “app”", "--app app.py:create_app --factory"),
        ("class api: pass", "api.app", False, "app.py has no “api.app”", "Define it"),
    ],
)
def test_what_makes_no_app_is_refused_with_advice(
    source: str, name: str, factory: bool, headline: str, advice: str, folder: Path
) -> None:
    with pytest.raises(Refusal) as refused:
        load_app(folder, source, name, factory=factory)
    assert headline in refused.value.failed.headline
    assert advice in refused.value.failed.advice


def test_a_module_of_a_package_finds_the_package_and_what_lies_beside_it(folder: Path) -> None:
    write(folder, "", "pkg_of_test/__init__.py")
    write(folder, "name = 'the part'", "pkg_of_test/part.py")
    write(folder, "name = 'the helper'", "pkg_of_test/helper.py")
    source = f"from .part import name\nimport pkg_of_test.part, helper\n{ASGI}\napp.seen = (name, helper.name)"
    app = load_file(write(folder, source, "pkg_of_test/main.py"))
    assert app.seen == ("the part", "the helper")
    assert app.__module__ == "pkg_of_test.main"


def test_a_relative_import_without_a_package_is_explained(folder: Path) -> None:
    with pytest.raises(Refusal) as refused:
        load_app(folder, "from .part import name")
    assert refused.value.failed.headline == "app.py uses a relative import, but its folder is not a package"
    assert "__init__.py" in refused.value.failed.advice


@pytest.mark.parametrize(
    ("file", "part", "where"),
    [
        ("ns_of_test/main.py", "ns_of_test/part.py", "the folder above"),
        ("a/ns_of_test/main.py", "part_of_test.py", "a folder above"),
        ("main.py", "src/pkg_of_test/__init__.py", "“src”"),
    ],
)
def test_a_module_that_lies_where_it_is_not_looked_for_is_not_to_be_installed(
    file: str, part: str, where: str, folder: Path
) -> None:
    write(folder, "", part)
    name = part.removeprefix("src/").partition("/")[0].removesuffix(".py")
    with pytest.raises(Refusal, match=f"imports “{name}.*”, which lies in {where}, where it is not looked") as refused:
        load_file(write(folder, f"import {name}.x", file))
    assert "as uvicorn would" in refused.value.failed.advice


def test_a_variable_that_the_app_lacks_is_named_with_the_option(folder: Path) -> None:
    with pytest.raises(Refusal) as refused:
        load_app(folder, "import os\nkey = os.environ['NOT_SET_HERE']")
    assert (
        refused.value.failed.headline == "app.py needs the environment variable NOT_SET_HERE, which is not set for it"
    )
    assert "allow-list" in refused.value.failed.advice
    assert "`--env NOT_SET_HERE`" in refused.value.failed.advice
    assert refused.value.failed.frames[-1].line == 2


@pytest.mark.parametrize(
    ("neighbour", "source", "whose"),
    [
        ("this", "import this\nthis.something", "of Python's standard library"),
        ("antigravity", "from antigravity import webbrowser", "of Python's standard library"),
        ("pytest_timeout_like", "import pytest_timeout_like\npytest_timeout_like.x", "of an installed library"),
    ],
)
def test_a_file_that_hides_a_module_is_named(neighbour: str, source: str, whose: str, folder: Path) -> None:
    library = folder / "elsewhere"
    write(library, "x = 1", "pytest_timeout_like.py")
    sys.path.append(str(library))
    for name in (neighbour,):
        sys.modules.pop(name, None)
    app = folder / "own"
    write(app, "", f"{neighbour}.py")
    with pytest.raises(Refusal) as refused:
        load_file(write(app, source))
    assert f"{neighbour}.py hides the module “{neighbour}” {whose}" in refused.value.failed.headline
    assert f"Rename {neighbour}.py" in refused.value.failed.advice


def test_a_file_that_hides_a_package_without_init_is_named(folder: Path) -> None:
    write(folder / "site-packages", "x = 1", "namespace_like/part.py")
    sys.path.append(str(folder / "site-packages"))
    write(folder / "own", "", "namespace_like.py")
    with pytest.raises(Refusal) as refused:
        load_file(write(folder / "own", "from namespace_like import part"))
    assert (
        "namespace_like.py hides the module “namespace_like” of an installed library" in refused.value.failed.headline
    )


def test_a_file_that_hides_a_module_is_named_where_a_library_turns_the_error_into_another(folder: Path) -> None:
    """As pydantic does, which imports its parts when they are first asked for."""
    sys.path.append(str(folder / "elsewhere"))
    lazy = "def __getattr__(name):\n    import colorsys\n    return colorsys.nothing"
    write(folder / "elsewhere", lazy, "lazy_like.py")
    sys.modules.pop("colorsys", None)
    write(folder / "own", "", "colorsys.py")
    with pytest.raises(Refusal, match="raises ImportError while it is imported: cannot import name 'x'") as refused:
        load_file(write(folder / "own", "from lazy_like import x"))
    words = "Or is it that colorsys.py hides the module “colorsys” of Python's standard library?"
    assert refused.value.failed.advice == f"Run `python app.py` to see it for yourself. {words}"


def test_an_app_with_the_name_of_a_module_that_the_server_needs_is_refused(folder: Path) -> None:
    with pytest.raises(Refusal) as refused:
        load_file(write(folder, ASGI, "asyncio.py"))
    assert "asyncio.py has the name of another module, “asyncio”" in refused.value.failed.headline
    assert "Rename asyncio.py" in refused.value.failed.advice


def test_a_source_in_utf_16_is_refused_with_its_cause(folder: Path) -> None:
    (folder / "helper.py").write_text("x = 1", "utf-16")
    with pytest.raises(Refusal) as refused:
        load_app(folder, "import helper")
    assert refused.value.failed.headline == "helper.py is saved as UTF-16, and Python reads UTF-8"
    assert refused.value.failed.frames == (Location("helper.py", 1),)


@pytest.mark.parametrize("name", ["app.py", "parts/helper.py"])
def test_a_source_that_is_too_long_is_refused(name: str, folder: Path) -> None:
    file = write(folder, "import parts.helper")
    write(folder, "", "parts/helper.py")
    os.truncate(folder / name, 3 << 30)
    with pytest.raises(Refusal, match=f"^{name} is longer than 8 MiB$"):
        load_file(file)


def test_a_refusal_shows_the_learners_own_lines(folder: Path) -> None:
    write(folder, "def open_it():\n    return open('/no/such/file')", "helper.py")
    with pytest.raises(Refusal) as refused:
        load_app(folder, "import helper\nhelper.open_it()")
    assert refused.value.failed.frames == (
        Location("app.py", 2, "<module>", "helper.open_it()"),
        Location("helper.py", 2, "open_it", "return open('/no/such/file')"),
    )


def test_a_syntax_error_in_a_sibling_is_shown_there(folder: Path) -> None:
    write(folder, "x = 1\ndef f(:\n", "helper.py")
    with pytest.raises(Refusal) as refused:
        load_app(folder, "import helper")
    assert refused.value.failed.frames == (Location("helper.py", 2, text="def f(:"),)


# -- the learner's frames -------------------------------------------------------------------------------------------


@pytest.fixture
def broken(folder: Path) -> Any:
    """A module of a learner's that breaks in several ways, some of them in a library's frames."""
    source = """
        import json

        def library():
            return json.loads("{", object_hook=print)

        def caused():
            try:
                library()
            except ValueError as error:
                raise LookupError("outer") from error

        def group():
            raise ExceptionGroup("several", [caught(library), caught(caused)])

        def caught(call):
            try:
                call()
            except Exception as error:
                return error

        def deep(n):
            return deep(n - 1) if n else library()

        def work(call):
            return call()
    """
    app = load_app(folder, textwrap.dedent(source) + "\n" + ASGI)
    return sys.modules[app.__module__]


def test_frames_are_the_learners_alone(broken: Any, folder: Path) -> None:
    frames = LearnerFrames(folder).of(raised(broken.library))
    assert [(frame.file, frame.function) for frame in frames] == [("app.py", "library")]
    assert frames[0].text.startswith("return json.loads")


def test_frames_are_bounded_and_keep_the_innermost(broken: Any, folder: Path) -> None:
    frames = LearnerFrames(folder).of(raised(lambda: broken.deep(200)))
    assert len(frames) == MOST_FRAMES
    assert frames[-1].function == "library"


def test_an_error_without_a_learners_frame_has_none(folder: Path) -> None:
    assert LearnerFrames(folder).of(raised(lambda: int("x"))) == ()


def test_what_the_framework_alone_raises_is_placed_at_the_endpoint(folder: Path, broken: Any) -> None:
    def serve(scope: object) -> None:
        raise ValueError(scope)

    def at(scope: object) -> list[tuple[str, int, str, str]]:
        return [frame[:4] for frame in LearnerFrames(folder).raised(raised(lambda: serve(scope))).frames]

    line = broken.library.__code__.co_firstlineno
    assert at({"endpoint": broken.library}) == [("app.py", line, "library", "def library():")]
    assert at({"endpoint": functools.wraps(broken.library)(lambda: None)}) == at({"endpoint": broken.library})
    broken.library.__wrapped__ = broken.library
    assert at({"endpoint": broken.library}) == [("app.py", line, "library", "def library():")]
    for other in ({"endpoint": print}, {"endpoint": json.loads}, {"endpoint": None}, {}, "endpoint"):
        assert at(other) == []


@pytest.mark.parametrize(
    ("filename", "owned"),
    [
        ("app.py", True),
        ("package/module.py", True),
        ("../elsewhere.py", False),
        ("<string>", False),
        ("<frozen importlib._bootstrap>", False),
        ("venv/lib/python3/site-packages/starlette/routing.py", False),
        ("null\0byte.py", False),
    ],
)
def test_files_in_the_apps_folder_are_the_learners(filename: str, owned: bool, tmp_path: Path) -> None:
    path = filename if filename.startswith("<") else os.path.join(tmp_path, filename)
    assert LearnerFrames(tmp_path).owns(path) is owned


def test_files_behind_links_are_the_learners_too(tmp_path: Path) -> None:
    write(tmp_path, "", "store/0b1e.py")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "helper.py").symlink_to("../store/0b1e.py")
    (tmp_path / "link").symlink_to("own")
    for root in ("own", "link"):
        assert LearnerFrames(tmp_path / root).name(str(tmp_path / root / "helper.py")) == "helper.py"
    assert LearnerFrames(tmp_path / "link").owns(str(tmp_path / "own" / "app.py"))


def test_a_traceback_is_cut_in_all_its_parts(broken: Any, folder: Path) -> None:
    text = LearnerFrames(folder).format(raised(broken.group))
    assert "decoder.py" not in text
    assert text.count("JSONDecodeError") == 2
    assert "The above exception was the direct cause" in text
    assert "in caused" in text


def test_a_traceback_without_learners_frames_is_whole(folder: Path) -> None:
    text = LearnerFrames(folder).format(raised(lambda: int("x")))
    assert "test_child.py" in text


def test_log_records_are_cut_as_well(broken: Any, folder: Path) -> None:
    record = logging.LogRecord("uvicorn", logging.ERROR, "", 0, "Exception in %s", ("app",), None)
    error = raised(broken.library)
    record.exc_info = (type(error), error, error.__traceback__)
    text = CutFormatter(LearnerFrames(folder)).format(record)
    assert text.startswith("ERROR: Exception in app\nTraceback")
    assert "in library" in text
    assert "decoder.py" not in text


def test_a_running_thread_is_found_at_the_learners_line(broken: Any, folder: Path) -> None:
    frames = LearnerFrames(folder)
    place = broken.work(lambda: frames.where(sys._getframe()))
    assert (place.file, place.function, place.text) == ("app.py", "work", "return call()")
    assert "lambda" in place.doing
    assert frames.where(sys._getframe()) is None
    assert frames.where(None) is None


# -- the lifespan ---------------------------------------------------------------------------------------------------


def run_lifespan(
    app: Any, folder: Path, kind: str = "lifespan"
) -> tuple[Lifespan, list[Message], BaseException | None]:
    """Run ``app`` behind a Lifespan; what was kept, what it sent, and what it raised."""
    sent: list[Message] = []
    lifespan = Lifespan(app, LearnerFrames(folder), ServerSockets(-1))

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        asyncio.run(lifespan({"type": kind}, receive, send))
    except Exception as error:
        return lifespan, sent, error
    return lifespan, sent, None


@pytest.mark.parametrize(
    ("message", "error"), [("Traceback ...\nOSError: no database\n", "OSError: no database"), ("", "no message")]
)
def test_a_failure_that_the_app_tells_is_kept(message: str, error: str, folder: Path) -> None:
    app = load_app(
        folder,
        f"""
        async def app(scope, receive, send):
            await receive()
            await send({{"type": "lifespan.shutdown.failed", "message": {message!r}}})
        """,
    )
    lifespan, sent, _ = run_lifespan(app, folder)
    assert lifespan.failure == LifespanFailure("shutdown", error)
    assert [item["type"] for item in sent] == ["lifespan.shutdown.failed"]


def test_a_failure_that_is_raised_as_well_has_its_lines(folder: Path) -> None:
    app = load_app(
        folder,
        """
        async def app(scope, receive, send):
            try:
                connect()
            except OSError:
                await send({"type": "lifespan.startup.failed", "message": "a long story"})
                raise
        def connect():
            raise OSError("no database")
        """,
    )
    lifespan, _, error = run_lifespan(app, folder)
    assert isinstance(error, OSError)
    assert lifespan.failure is not None
    assert lifespan.failure.error == "OSError: no database"
    assert [frame.function for frame in lifespan.failure.frames] == ["app", "connect"]


def test_an_app_without_a_lifespan_has_not_failed(folder: Path) -> None:
    app = load_app(folder, 'async def app(scope, receive, send):\n    assert scope["type"] == "http"')
    lifespan, sent, error = run_lifespan(app, folder)
    assert isinstance(error, AssertionError)
    assert lifespan.failure is None
    assert run_lifespan(app, folder, "http")[1:] == ([], None)
    assert sent == []
