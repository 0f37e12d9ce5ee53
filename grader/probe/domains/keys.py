"""Texts that a request carries, and that an app passes on or echoes: prompts, names of tasks, names of models."""

from __future__ import annotations

from random import Random

from grader.probe.domains.words import RUN, addresses, broken_word, long_mixture, long_text, word

#: Longer than a limit that people choose, and well below 64 KiB, which uvicorn allows for a request line and fields.
_LONG = 5 << 10
#: Characters of four bytes at most, and in a query each byte takes three.
_MIXTURE = 1500


def every_key(random: Random) -> dict[str, str]:
    """An instance of every class of key; none is empty, and no two are equal."""

    def some() -> str:
        return word(random)

    return {
        "spaces only": " " * random.randint(2, 9),
        "white space around it": f"\n {some()}  {some()} \n",
        "upper case": f"{some().upper()} {some().title()} ẞİ",
        "composed characters": f"caf\u00e9 \u00c5{some()}",
        "decomposed characters": f"cafe\u0301 A\u030a{some()}",
        "compatibility characters": f"\ufb01\uff21\u00bd{some()}",
        "other scripts": f"日本語 \u202eעברית\u202c 👩‍🚀𝄞{some()}",
        "control characters": f"{some()}\0{some()}\x01\x1b[31m\x7f",
        "a byte order mark": f"\ufeff{some()}",
        "all line endings": f"{some()}\r{some()}\r\n{some()}\n\u2028{some()}\u0085\u00a0",
        "signs of a query": f"{some()}&stream=true#x=1;a+b?!.",
        "percent and plus signs": f"+%20{some()}%2B%",
        "a path": f"/../{some()}/./{some()}/",
        "quotes and JSON": f'{{"prompt": "{some()}", \'x\': "\\n"}}',
        "HTML": f"<b>{some()}</b>&amp;",
        "quotation marks around it": f'"{some()}"',
        "single quotation marks around it": f"'{some()}'",
        "a template": f"$$ {some()} ${{{some()}}} $x {{{{{some()}}}}} {{}} {{0}} %% %s",
        "a number": f"0{random.randrange(10**6)}",
        "words of JSON": f"NaN {some()} Infinity null true",
        "addresses": addresses(random),
        "long, and not ASCII": long_mixture(random, _MIXTURE),
        "bare null": "null",
        "bare [DONE]": "[DONE]",
        "longer than 4096 characters": long_text(random, _LONG),
        "a long run of spaces": f"{' ' * RUN}{some()}",
        "a long word and a sign": broken_word(random),
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
        "format fields": f"{first}-100%-%s-{{}}-{{0}}-${{x}}-$x",
        "a line feed": f"{first}\n{second}",
        "another line ending": f"{first}\r\n{second}",
        "a control character": f"{first}\0{second}",
        "a number": str(random.randrange(10**4)),
        "bare null": "null",
        "longer than 4096 characters": long_text(random, _LONG),
    }
