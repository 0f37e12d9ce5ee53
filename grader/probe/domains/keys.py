"""Texts that a request carries, and that an app passes on or echoes: prompts, names of tasks, names of models."""

from __future__ import annotations

from random import Random

from grader.probe.domains.words import long_text, word

#: Longer than a limit that people choose, and well below 64 KiB, which uvicorn allows for a request line and fields.
_LONG = 5 << 10


def every_key(random: Random) -> dict[str, str]:
    """An instance of every class of key; none is empty, and no two are equal."""

    def some() -> str:
        return word(random)

    return {
        "one letter": random.choice("abcdefghijklmnopqrstuvwxyz"),
        "spaces only": " " * random.randint(2, 9),
        "a space at each end": f" {some()} ",
        "a line feed at each end": f"\n{some()}\n",
        "two spaces within": f"{some()}  {some()}",
        "upper case": some().upper(),
        "mixed case": f"{some().title()} ẞİ",
        "composed characters": f"caf\u00e9 \u00c5{some()}",
        "decomposed characters": f"cafe\u0301 A\u030a{some()}",
        "compatibility characters": f"\ufb01\uff21\u00bd{some()}",
        "characters beyond the BMP": f"👩‍🚀𝄞{some()}",
        "other scripts": f"日本語 עברית {some()}",
        "bidirectional controls": f"\u202e{some()}\u202c",
        "a NUL": f"{some()}\0{some()}",
        "control characters": f"\x01\x1b[31m{some()}\x7f",
        "a byte order mark": f"\ufeff{some()}",
        "line and paragraph separators": f"\u2028{some()}\u2029{some()}\u0085\u00a0",
        "all line endings": f"{some()}\r{some()}\r\n{some()}\n",
        "signs of a query": f"{some()}&stream=true#x=1;a+b",
        "a percent sign": f"%20{some()}%2B%",
        "a plus sign": f"+{some()}+",
        "a path": f"../{some()}/./{some()}/",
        "both quotes": f"she said \"{some()}\", then 'bye'",
        "a backslash": f"\\n{some()}\\",
        "JSON": f'{{"prompt": "{some()}"}}',
        "HTML": f"<b>{some()}</b>&amp;",
        "a number": str(random.randrange(10**6, 10**9)),
        "a number with a zero in front": f"0{random.randrange(10**6)}",
        "bare null": "null",
        "bare [DONE]": "[DONE]",
        "bare data:": "data:",
        "longer than 4096 characters": long_text(random, _LONG),
    }


def every_name(random: Random) -> dict[str, str]:
    """An instance of every class of name that a response repeats, such as a model's."""
    first, second = word(random), word(random)
    return {
        "upper case": f"{first.title()}-XL",
        "a slash": f"{first}/{second}",
        "colons and dots": f"ft:{first}-3.5:{second}::x",
        "a space within": f"{first} {second}",
        "a space at each end": f" {first} ",
        "composed characters": f"mod\u00e8le-{first}",
        "decomposed characters": f"mode\u0300le-{first}",
        "other scripts": f"模型-{first}-👩‍🚀",
        "quotes and a backslash": f"{first}\"'\\n",
        "a line feed": f"{first}\n{second}",
        "a number": str(random.randrange(10**4)),
        "bare null": "null",
        "longer than 255 characters": long_text(random, 256),
    }
