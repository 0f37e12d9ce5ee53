"""Archives are unpacked below one folder, plain files only, within bounds; all others are refused in one sentence."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import tarfile
import unicodedata
import zipfile
from contextlib import nullcontext, suppress
from datetime import datetime
from pathlib import Path

import pytest

from grader.classes.intake import archive as module
from grader.classes.intake.archive import is_archive, names_in, stem, undated_in, unpack
from grader.classes.intake.rejection import Rejected
from grader.classes.model import Bounds, Why
from tests.classes.intake.archives import APP, make_tar, make_zip, special, without_encoding, zip_link

BOUNDS = Bounds(size=100_000, files=5)


def unpacked(archive: Path, folder: Path, bounds: Bounds = BOUNDS) -> dict[str, str]:
    unpack(archive, folder, bounds)
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz"])
def test_plain_files_come_out(name: str, tmp_path: Path) -> None:
    members: dict[str, str | bytes] = {
        "app.py": APP,
        "./parts/überschrift – שלום.py": "x = 1\n",
        "__MACOSX/._app.py": "no",
    }
    make = make_zip if name.endswith("zip") else make_tar
    found = unpacked(make(tmp_path / name, members), tmp_path / "out")
    assert found == {"app.py": APP, "parts/überschrift – שלום.py": "x = 1\n"}


@pytest.mark.parametrize("name", ["Zoë Müller/größe.py", "שרה/app.py", "ada/app.py"])
def test_names_in_utf_8_are_read_also_where_a_zip_does_not_say_so(name: str, tmp_path: Path) -> None:
    file = without_encoding(make_zip(tmp_path / "a.zip", {name: APP}))
    assert names_in(file, BOUNDS) == [name]
    assert unpacked(file, tmp_path / "out") == {name: APP}


def test_names_of_dos_are_read(tmp_path: Path) -> None:
    file = without_encoding(make_zip(tmp_path / "a.zip", {"Zoë Müller.py": APP}), "cp437")
    assert unpacked(file, tmp_path / "out") == {"Zoë Müller.py__": APP}


def test_names_that_are_said_to_be_in_utf_8_stay_as_they_are(tmp_path: Path) -> None:
    name = "├╝.py"  # as another program has misread it
    assert unpacked(make_zip(tmp_path / "a.zip", {name: APP}), tmp_path / "out") == {name: APP}


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_names_are_composed_as_an_import_finds_them(name: str, tmp_path: Path) -> None:
    """The Finder of macOS decomposes them."""
    make = make_zip if name.endswith("zip") else make_tar
    file = make(tmp_path / name, {unicodedata.normalize("NFD", "größe.py"): APP})
    assert unpacked(file, tmp_path / "out") == {"größe.py": APP}


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "..\\out", "C:\\out", "C:/out"])
def test_a_name_that_leads_out_is_refused(name: str, tmp_path: Path) -> None:
    for make, file in ((make_zip, "a.zip"), (make_tar, "a.tar")):
        with pytest.raises(Rejected, match="would lie outside of its folder"):
            unpack(make(tmp_path / file, {name: "x"}), tmp_path / "into/it", BOUNDS)
    assert [path.name for path in tmp_path.rglob("out*")] == []


@pytest.mark.parametrize(
    "member",
    [
        special("app.py", tarfile.SYMTYPE, "/etc/passwd"),
        special("app.py", tarfile.LNKTYPE, "other.py"),
        special("app.py", tarfile.CHRTYPE),
        special("app.py", tarfile.FIFOTYPE),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(member: tarfile.TarInfo, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="is a link or a device"):
        unpack(make_tar(tmp_path / "a.tar", {}, member), tmp_path / "out", BOUNDS)


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="is a link or a device") as refused:
        unpack(zip_link(tmp_path / "a.zip", "app.py", "/etc/passwd"), tmp_path / "out", BOUNDS)
    assert refused.value.reason.why is Why.REFUSED


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_a_bomb_is_refused_before_it_fills_anything(name: str, tmp_path: Path) -> None:
    make = make_zip if name.endswith("zip") else make_tar
    bomb = make(tmp_path / name, {"app.py": bytes(50_000_000)})
    with pytest.raises(Rejected, match="it is larger than"):
        unpack(bomb, tmp_path / "out", BOUNDS)
    assert sum(path.stat().st_size for path in (tmp_path / "out").rglob("*")) <= 2 * BOUNDS.size


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_too_many_files_are_refused(name: str, tmp_path: Path) -> None:
    make = make_zip if name.endswith("zip") else make_tar
    with pytest.raises(Rejected, match="it has more than 5 files"):
        unpack(make(tmp_path / name, {f"{number}.py": "" for number in range(6)}), tmp_path / "out", BOUNDS)


def test_a_long_table_of_files_is_refused_before_it_is_read(tmp_path: Path) -> None:
    long = make_zip(tmp_path / "a.zip", {f"{number}.py": "" for number in range(400)})
    with pytest.raises(Rejected, match="it has more than 5 files"):
        unpack(long, tmp_path / "out", BOUNDS)


def test_a_long_table_that_a_second_end_tells_of_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """An end of 64 bits counts more than the usual one, which may say anything."""
    data = make_zip(tmp_path / "a.zip", {f"{number}.py": "" for number in range(400)}).read_bytes()
    at = data.index(b"PK\5\6")
    size, start = struct.unpack_from("<LL", data, at + 12)
    second = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 400, 400, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
    usual = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 60, start, 0)
    (tmp_path / "a.zip").write_bytes(data[:at] + second + locator + usual)
    assert len(names_in(tmp_path / "a.zip", Bounds(files=400))) == 400
    for read in (names_in, lambda archive, bounds: unpack(archive, tmp_path / "out", bounds)):
        with pytest.raises(Rejected, match="it has more than 5 files"):
            read(tmp_path / "a.zip", BOUNDS)
    assert not (tmp_path / "out").exists()


def test_a_tar_whose_head_says_that_it_is_huge_is_refused(tmp_path: Path) -> None:
    info = special("app.py", tarfile.XHDTYPE)
    info.size = 1 << 40
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000_000)))
    with pytest.raises(Rejected, match="what it says of its files, before them, is too long"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out", BOUNDS)


def head(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    """What stands before a member of a tar to say more of it."""
    info = special("head", kind)
    info.size = len(content) if size is None else size
    return info.tobuf(tarfile.GNU_FORMAT) + content.ljust(-(-len(content) // 512) * 512, b"\0")


def record(key: str, value: str) -> bytes:
    """One record of a pax head."""
    rest = f" {key}={value}\n".encode()
    length = next(n for n in range(len(rest), len(rest) + 9) if len(str(n)) + len(rest) == n)
    return str(length).encode() + rest


def packed(file: Path, *heads: bytes, name: str = "app.py", content: str = APP) -> Path:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    data = b"".join(heads) + info.tobuf(tarfile.GNU_FORMAT) + content.encode().ljust(512, b"\0")
    file.write_bytes(data + bytes(1024))
    return file


@pytest.mark.parametrize(
    "heads",
    [
        [head(tarfile.XHDTYPE, b"1" * (400 << 10))],
        [head(tarfile.XGLTYPE, b"1" * (400 << 10))],
        [head(tarfile.SOLARIS_XHDTYPE, b"1" * (400 << 10))],
        [head(tarfile.GNUTYPE_LONGNAME, b"a/" * (512 << 10))],
        [head(tarfile.GNUTYPE_LONGLINK, b"a/" * (512 << 10))],
        [head(tarfile.XHDTYPE, record("path", "a/" * 3000 + "app.py"))],
        [head(tarfile.XHDTYPE, b"1" * 4000)] * 2000,
        [head(tarfile.XHDTYPE, b"", size=-512)],
    ],
    ids=range(8),
)
def test_heads_of_a_tar_that_say_too_much_are_refused(heads: list[bytes], tmp_path: Path) -> None:
    """Python reads some of them in quadratic time."""
    file = packed(tmp_path / "a.tar", *heads)
    with pytest.raises(Rejected, match="what it says of its files, before them, is too long"):
        unpack(file, tmp_path / "out", Bounds(size=16 << 20, files=5))


def test_heads_without_members_are_refused(tmp_path: Path) -> None:
    file = packed(tmp_path / "a.tar", *[head(tarfile.XHDTYPE, record("comment", "x"))] * 2000)
    with pytest.raises(Rejected, match="its heads have no members"):
        unpack(file, tmp_path / "out", Bounds())


def test_heads_as_programs_write_them_are_read(tmp_path: Path) -> None:
    heads = [
        head(tarfile.XGLTYPE, record("comment", "5" * 40)),
        head(tarfile.XHDTYPE, record("path", "ü/" * 20 + "app.py") + record("LIBARCHIVE.xattr.user", "x" * 3000)),
    ]
    assert unpacked(packed(tmp_path / "a.tar", *heads), tmp_path / "out") == {"ü/" * 20 + "app.py": APP}


def test_what_a_tar_says_of_all_its_members_is_not_kept_for_each(tmp_path: Path) -> None:
    member = packed(tmp_path / "a.tar").read_bytes()[:1024]
    (tmp_path / "a.tar").write_bytes(head(tarfile.XGLTYPE, record("path", "first.py")) + 2 * member + bytes(1024))
    assert unpacked(tmp_path / "a.tar", tmp_path / "out") == {"first.py": APP, "app.py": APP}


def tells_size(size: int, name: str) -> bytes:
    """A member of a tar that says that it is so large, and has no content."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("name", ["__MACOSX/x", ".git/HEAD", "other.txt", "folder/"])
@pytest.mark.parametrize("size", [10**20, 10**15, 1 << 31, -(10**15)])
@pytest.mark.parametrize("is_last", [True, False])
def test_a_size_that_cannot_be_is_refused_also_of_what_is_left_out(
    name: str, size: int, is_last: bool, tmp_path: Path
) -> None:
    """Python reads to the end of each, in steps of 10 KB, although nothing comes any more."""
    app = packed(tmp_path / "a.tar").read_bytes()[:1024]
    one = tells_size(size, name)
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(app + one if is_last else one + app + bytes(1024)))
    words = "once it is unpacked" if size > 0 else "it has a file whose size is below zero"
    with pytest.raises(Rejected, match=words):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out", BOUNDS)


@pytest.mark.parametrize("size", ["9" * 20, "9" * 3900, "-512"])
def test_a_size_that_cannot_be_in_a_head_is_refused(size: str, tmp_path: Path) -> None:
    file = packed(tmp_path / "a.tar", head(tarfile.XHDTYPE, record("size", size)), name=".git/HEAD")
    with pytest.raises(Rejected, match=r"once it is unpacked|below zero"):
        unpack(file, tmp_path / "out", BOUNDS)


class Counted(io.BytesIO):
    """Counts the reads after its end."""

    vain = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.vain += not found
        return found


@pytest.mark.parametrize("name", [".git/HEAD", "other.txt"])
def test_after_the_end_of_the_data_nothing_more_is_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Counted(tells_size(10_000_000, name))
    monkeypatch.setattr(module, "decompressed", lambda _: nullcontext(content))
    (tmp_path / "a.tar").write_bytes(b"")
    with pytest.raises(Rejected, match="is not a whole archive"):
        unpack(tmp_path / "a.tar", tmp_path / "out", Bounds())
    assert content.vain == 1


def test_a_tar_without_an_end_of_its_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(packed(tmp_path / "b.tar").read_bytes()[:1024])
    assert unpacked(tmp_path / "a.tar", tmp_path / "out") == {"app.py": APP}


@pytest.mark.parametrize("offset", [1 << 20, (1 << 63) - 5, (1 << 64) - 1])
def test_a_zip_whose_parts_lie_outside_of_it_is_unreadable(offset: int, tmp_path: Path) -> None:
    data = make_zip(tmp_path / "a.zip", {"app.py": APP}).read_bytes()
    table, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    extra = struct.pack("<HHQ", 1, 8, offset)
    entry = bytearray(data[table:end] + extra)
    struct.pack_into("<H", entry, 30, len(extra))
    struct.pack_into("<L", entry, 42, 0xFFFFFFFF)
    last = bytearray(data[end:])
    struct.pack_into("<L", last, 12, len(entry))
    (tmp_path / "a.zip").write_bytes(data[:table] + entry + last)
    with pytest.raises(Rejected, match="is not a whole archive"):
        unpack(tmp_path / "a.zip", tmp_path / "out", BOUNDS)


@pytest.mark.parametrize(
    "records",
    [
        record("GNU.sparse.size", "9") + record("GNU.sparse.offset", "0"),
        record("GNU.sparse.map", "0,9"),
        record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0"),
    ],
)
def test_a_sparse_file_is_refused(records: bytes, tmp_path: Path) -> None:
    """In one of its forms, it says in digits without end how long it is."""
    with pytest.raises(Rejected, match="it has a sparse file"):
        unpack(packed(tmp_path / "a.tar", head(tarfile.XHDTYPE, records), content="9" * 500), tmp_path / "out", BOUNDS)
    with pytest.raises(Rejected, match="it has a sparse file"):
        unpack(packed(tmp_path / "a.tar", head(tarfile.GNUTYPE_SPARSE, b"")), tmp_path / "out", BOUNDS)


def test_many_folders_in_a_tar_are_refused(tmp_path: Path) -> None:
    folders = [special(f"d{number}", tarfile.DIRTYPE) for number in range(60)]
    with pytest.raises(Rejected, match="it has more than 5 files"):
        unpack(make_tar(tmp_path / "a.tar.gz", {}, *folders), tmp_path / "out", Bounds(files=5))


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize("depth", [41, 1600])
def test_folders_that_lie_deep_are_refused(name: str, depth: int, tmp_path: Path) -> None:
    make = make_zip if name.endswith("zip") else make_tar
    allowed = make(tmp_path / name, {"d/" * 40 + "app.py": APP, ".git/" + "d/" * 99 + "app.py": "x"})
    assert unpacked(allowed, tmp_path / "allowed", Bounds()) == {"d/" * 40 + "app.py": APP}
    with pytest.raises(Rejected, match="it has folders within folders, more than 40 of them"):
        unpack(make(tmp_path / name, {"d/" * depth + "app.py": APP}), tmp_path / "out", Bounds())
    assert not (tmp_path / "out").exists()


def test_a_long_name_is_refused_in_a_short_sentence(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="in it is a name that is too long") as refused:
        unpack(make_zip(tmp_path / "a.zip", {"d/" * 30_000 + "app.py": APP}), tmp_path / "out", Bounds())
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_python_unpacks_whole_is_not_read(method: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as made:
        made.writestr("app.py", bytes(1 << 20))
    with pytest.raises(Rejected, match=r"app\.py in it is packed by a method that is not read"):
        unpack(tmp_path / "a.zip", tmp_path / "out", BOUNDS)


def test_files_of_a_zip_that_share_their_content_are_refused(tmp_path: Path) -> None:
    """Each of them would be unpacked, so a small archive could cost as much as many large ones."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("app.py", APP * 20)
        made.filelist += made.filelist * 3
    with pytest.raises(Rejected, match="files that share their content"):
        unpack(tmp_path / "a.zip", tmp_path / "out", BOUNDS)


def test_an_xz_that_asks_for_much_memory_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 28}]
    (tmp_path / "a.tar.xz").write_bytes(lzma.compress(bytes(2000), filters=filters))
    with pytest.raises(Rejected, match="is not a whole archive"):
        unpack(tmp_path / "a.tar.xz", tmp_path / "out", BOUNDS)


def test_an_archive_that_is_too_large_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(bytes(BOUNDS.size + 1))
    with pytest.raises(Rejected, match=r"a\.zip is larger than"):
        unpack(tmp_path / "a.zip", tmp_path / "out", BOUNDS)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\5\6" + bytes(9), b"\x1f\x8b\x08\0" + bytes(9), b"BZh9" + bytes(9)]
)
def test_what_is_no_archive_is_unreadable(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Rejected, match="is not a whole archive") as found:
        unpack(tmp_path / name, tmp_path / "out", BOUNDS)
    assert found.value.reason.why is Why.UNREADABLE


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "it is empty"), (b"hello", "File is not a zip file"), (b"h" * 100, "not a zip file")]
)
def test_what_is_not_a_zip_says_so(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Rejected, match=f"a.zip is not a whole archive: .*{words}"):
        unpack(tmp_path / "a.zip", tmp_path / "out", BOUNDS)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_an_archive_without_files_is_whole(name: str, tmp_path: Path) -> None:
    make = make_zip if name.endswith("zip") else make_tar
    assert unpacked(make(tmp_path / name, {}), tmp_path / "out") == {}


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.xz", "a.tar.bz2"])
def test_each_part_of_an_archive_alone_is_unreadable_or_whole(name: str, tmp_path: Path) -> None:
    """A download that broke off, at every byte: never another error."""
    make = make_zip if name.endswith("zip") else make_tar
    whole = make(tmp_path / name, {"app.py": APP}).read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / name).write_bytes(whole[:length])
        with suppress(Rejected):
            unpack(tmp_path / name, tmp_path / f"out-{length}", BOUNDS)


def test_an_encrypted_zip_is_unreadable(tmp_path: Path) -> None:
    data = bytearray(make_zip(tmp_path / "a.zip", {"app.py": APP}).read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        struct.pack_into("<H", data, data.index(mark) + at, 1)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(Rejected, match="is encrypted"):
        unpack(tmp_path / "a.zip", tmp_path / "out", BOUNDS)


def test_a_file_that_is_also_a_folder_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="a file and a folder of the same name"):
        unpack(make_zip(tmp_path / "a.zip", {"app.py": "", "app.py/other.py": ""}), tmp_path / "out", BOUNDS)


def test_of_a_file_that_is_there_twice_the_last_counts(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("app.py", "first")
        with pytest.warns(UserWarning, match="Duplicate"):
            made.writestr("app.py", "last")
    assert unpacked(tmp_path / "a.zip", tmp_path / "out") == {"app.py": "last"}


def test_other_kinds_are_said_not_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.rar").write_bytes(b"Rar!")
    with pytest.raises(Rejected, match=r"hand in a \.zip"):
        unpack(tmp_path / "a.rar", tmp_path / "out", BOUNDS)


def test_files_have_the_times_of_the_archive_where_these_are_wanted(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(zipfile.ZipInfo("app.py", (2025, 11, 29, 0, 1, 2)), APP)
        made.writestr(zipfile.ZipInfo("none.py", (1980, 1, 1, 0, 0, 0)), APP)
    info = tarfile.TarInfo("app.py")
    info.mtime = datetime(2025, 11, 29, 0, 1, 2).timestamp()
    make_tar(tmp_path / "a.tar.gz", {"none.py": APP}, info)
    for name in ("a.zip", "a.tar.gz"):
        unpack(tmp_path / name, tmp_path / name[2:], BOUNDS, with_times=True)
        assert (tmp_path / name[2:] / "app.py").stat().st_mtime == info.mtime
        assert (tmp_path / name[2:] / "none.py").stat().st_mtime == 0
        assert undated_in(tmp_path / name, BOUNDS) == ["none.py"]
        unpack(tmp_path / name, tmp_path / "now", BOUNDS)
        assert (tmp_path / "now/app.py").stat().st_mtime > info.mtime


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "1e400", "-5", "1e300", "9" * 400, "0"])
def test_a_time_that_cannot_be_in_a_head_is_none(seconds: str, tmp_path: Path) -> None:
    file = packed(tmp_path / "a.tar", head(tarfile.XHDTYPE, record("mtime", seconds)))
    unpack(file, tmp_path / "out", BOUNDS, with_times=True)
    assert (undated_in(file, BOUNDS), (tmp_path / "out/app.py").stat().st_mtime) == (["app.py"], 0)


def test_names_of_archives() -> None:
    assert [stem(name) for name in ("ada.tar.gz", "ada.ZIP", "a.b.tgz", "ada.py")] == ["ada", "ada", "a.b", "ada.py"]
    assert [is_archive(name) for name in ("ada.tar.gz", "ada.7z", "ada.py", "zip")] == [True, True, False, False]
